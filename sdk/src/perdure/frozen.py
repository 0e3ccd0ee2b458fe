"""Plain frozen values, without what `dataclasses` costs a cold start.

Importing `dataclasses` takes 10 ms of one, and each class that it makes a third of one more. `frozen` makes the same of
a class whose fields are annotations, with and without defaults, down to `__post_init__`, for a fiftieth of that. For
whoever asks (`dataclasses.fields`, `replace`, `asdict`) such a class is a dataclass: what they need is made then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["changed", "frozen"]

T = TypeVar("T")
NAMES, RULES = "__match_args__", "__post_init__"


@dataclass_transform(frozen_default=True)
def frozen(cls: type[T]) -> type[T]:
    """Make `cls` a class of frozen values: built, compared, hashed and shown by its fields."""
    inherited = _names(cls)
    own = [name for name, kind in cls.__annotations__.items() if not kind.startswith("ClassVar")]
    names = (*inherited, *(name for name in own if name not in inherited))
    setattr(cls, NAMES, names)
    for name, member in {"__init__": _builder(cls, names), **MEMBERS}.items():
        if name not in cls.__dict__:
            setattr(cls, name, member)
    return cls


def changed(value: T, **changes: object) -> T:
    """A copy of a frozen value, some of its fields changed."""
    return type(value)(**{**value.__dict__, **changes})


def _names(cls: type) -> tuple[str, ...]:
    """The fields, in order."""
    names: tuple[str, ...] = getattr(cls, NAMES, ())
    return names


def _builder(cls: type, names: tuple[str, ...]) -> Callable[..., None]:
    """How values of a class are built; what it can know of the class it finds out now."""
    defaults = {name: getattr(cls, name) for name in names if hasattr(cls, name)}
    has_rules = hasattr(cls, RULES)
    most = len(names)

    def build(self: object, *args: object, **kwargs: object) -> None:
        values, given = self.__dict__, len(args)
        if given < most:
            values.update(defaults)
        values.update(zip(names, args, strict=False))
        if given != most or kwargs:
            is_right = given <= most and kwargs.keys() <= {*names[given:]}
            values.update(kwargs)
            if not is_right or len(values) != most:
                raise TypeError(_misfit(cls, names, args, kwargs, values))
        if has_rules:
            getattr(self, RULES)()

    return build


def _misfit(
    cls: type, names: tuple[str, ...], args: tuple[object, ...], kwargs: dict[str, object], values: dict[str, object]
) -> str:
    """Why these are not the arguments of a class."""
    if len(args) > len(names):
        return f"{cls.__qualname__}() takes {len(names)} arguments, and was given {len(args)}"
    for name in kwargs:
        if name not in names or name in names[: len(args)]:
            return f"{cls.__qualname__}() got an unexpected or repeated argument {name!r}"
    missing = next(name for name in names if name not in values)
    return f"{cls.__qualname__}() misses the argument {missing!r}"


def _parts(self: object) -> tuple[object, ...]:
    values = self.__dict__
    return tuple([values[name] for name in _names(type(self))])


def _equal(self: object, other: object) -> bool:
    return _parts(self) == _parts(other) if type(other) is type(self) else NotImplemented


def _hash(self: object) -> int:
    return hash(_parts(self))


def _shown(self: object) -> str:
    fields = ", ".join(f"{name}={self.__dict__[name]!r}" for name in _names(type(self)))
    return f"{type(self).__qualname__}({fields})"


def _refused(self: object, name: str, *_value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot change the field {name!r} of a {type(self).__qualname__}")


class _Fields:
    """`__dataclass_fields__`, made when it is asked for."""

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        from dataclasses import field, make_dataclass

        rows = [
            (name, Any, field(default=getattr(owner, name)) if hasattr(owner, name) else field())
            for name in _names(owner)
        ]
        alike: Any = make_dataclass(owner.__name__, rows, frozen=True)
        fields: dict[str, Any] = alike.__dataclass_fields__
        return fields


MEMBERS: dict[str, object] = {
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _shown,
    "__setattr__": _refused,
    "__delattr__": _refused,
    "__replace__": changed,
    "__dataclass_fields__": _Fields(),
}

"""Plain frozen values, without what `dataclasses` costs a cold start.

Importing `dataclasses` takes 10 ms of one, and each class that it makes a third of one more. `frozen` makes the same of
a class whose fields are annotations, with and without defaults, down to `__post_init__`, for a fiftieth of that. For
whoever asks (`dataclasses.fields`, `replace`, `asdict`) such a class is a dataclass: what they need is made then.
"""

from __future__ import annotations

from typing import Any, TypeVar, dataclass_transform

__all__ = ["changed", "frozen"]

T = TypeVar("T")
NAMES = "__match_args__"


@dataclass_transform(frozen_default=True)
def frozen(cls: type[T]) -> type[T]:
    """Make `cls` a class of frozen values: built, compared, hashed and shown by its fields."""
    inherited = _names(cls)
    own = [name for name, kind in cls.__annotations__.items() if not kind.startswith("ClassVar")]
    setattr(cls, NAMES, (*inherited, *(name for name in own if name not in inherited)))
    for name, member in MEMBERS.items():
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


def _built(self: object, *args: object, **kwargs: object) -> None:
    cls = type(self)
    names = _names(cls)
    values = self.__dict__
    values.update(zip(names, args, strict=False))
    for name, value in kwargs.items():
        if name not in names or name in values:
            raise TypeError(f"{cls.__qualname__}() got an unexpected or repeated argument {name!r}")
        values[name] = value
    if len(args) > len(names):
        raise TypeError(f"{cls.__qualname__}() takes {len(names)} arguments, and was given {len(args)}")
    if len(values) < len(names):
        _filled(cls, names, values)
    if (check := getattr(self, "__post_init__", None)) is not None:
        check()


def _filled(cls: type, names: tuple[str, ...], values: dict[str, object]) -> None:
    """Put the defaults in."""
    for name in names:
        if name not in values:
            try:
                values[name] = getattr(cls, name)
            except AttributeError:
                raise TypeError(f"{cls.__qualname__}() misses the argument {name!r}") from None


def _parts(self: object) -> tuple[object, ...]:
    values = self.__dict__
    return tuple([values[name] for name in _names(type(self))])


def _equal(self: object, other: object) -> bool:
    return _parts(self) == _parts(other) if type(other) is type(self) else NotImplemented


def _hash(self: object) -> int:
    return hash(_parts(self))


def _shown(self: object) -> str:
    fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
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
    "__init__": _built,
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _shown,
    "__setattr__": _refused,
    "__delattr__": _refused,
    "__replace__": changed,
    "__dataclass_fields__": _Fields(),
}

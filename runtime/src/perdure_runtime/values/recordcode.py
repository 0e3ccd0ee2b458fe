"""Generated code: how the instances of one class are written and read, field by field, as its author would write it.

    def it(value):                                   def it(data):
        if type(value) is not kind:                      if type(data) is not dict:
            raise record.wrong(value)                        data = record.members(data)
        at = ''                                          try:
        walk = None                                          v0 = data['sku']
        try:                                                 v1 = data['lines']
            at = 'sku'                                   except KeyError:
            v0 = value.sku                                   return record.partly(data)
            if not (type(v0) is str):                    at = ''
                v0 = turn_0(v0)                          walk = None
            at = 'lines'                                 try:
            v1 = value.lines                                 if not (type(v0) is str):
            if type(v1) is list:                                 at = 'sku'
                held, walk = v1, iter(v1)                        v0 = turn_0(v0)
                v1 = [item_1(x) for x in walk]               at = 'lines'
                walk = None                                  if type(v1) is list:
            else:                                                held, walk = v1, iter(v1)
                v1 = turn_1(v1)                                  v1 = [item_1(x) for x in walk]
        except Unfit as unfit:                                   walk = None
            if walk is not None:                             else:
                unfit.at(reached(held, walk))                    v1 = turn_1(v1)
            raise unfit.at(at) from …                    except Unfit as unfit:
        except AttributeError:                               (as on the left)
            raise Unfit('is not set').at(at) …           try:
        return {'sku': v0, 'lines': v1}                      return kind(v0, v1)
                                                         except Exception as error:
                                                             raise record.refused(error) from error

It is made of the names of fields and of what `Shape.inline` says, thus of type information alone: no value, and nothing
that was stored, ever gets into it.
"""

from __future__ import annotations

from collections.abc import Callable
from keyword import iskeyword
from types import MethodType
from typing import TYPE_CHECKING, Any, cast

from perdure_runtime.values.containers import reached
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.records import Form, Record, Slot, key_of
from perdure_runtime.values.shapes import Inline, Shape, is_open

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["generated"]

Names = dict[str, Any]


def generated(record: Record, form: Form) -> Callable[[Any], Any]:
    """The function for one direction; from now on it is the record's own."""
    names: Names = {"record": record, "kind": record.kind, "Unfit": Unfit, "reached": reached}
    ways = [_way(slot, form) for slot in record.slots]
    for n, (shape, way) in enumerate(ways):
        names[f"turn_{n}"] = getattr(shape, way)
        walked = shape.walked()
        if walked is not None:
            names[f"item_{n}"] = getattr(walked, way)
    lines = WAYS[form](record, names)
    exec(compile("\n".join(lines), f"<perdure: {record.title}>", "exec"), names)  # noqa: S102  type information alone
    made: Callable[[Any], Any] = names["it"]
    vars(record)[form] = made
    # Other threads may use it already. What is a method of another record so far, which may contain this one, becomes
    # the function that the method would ask for.
    for name, turn in names.items():
        if isinstance(turn, MethodType) and isinstance(turn.__self__, Record):
            names[name] = turn.__self__.code(cast("Form", turn.__name__))
    return made


def _written(record: Record, names: Names) -> list[str]:
    body = []
    for n, slot in enumerate(record.slots):
        fetched = f"value.{slot.name}" if _is_name(slot.name) else f"getattr(value, {slot.name!r})"
        body += [
            f"  at = {key_of(slot)!r}",
            *_field_written(n, slot, f"value[{n}]" if record.is_tuple else fetched, names),
        ]
    return [
        "def it(value):",
        " if type(value) is not kind:",
        "  raise record.wrong(value)",
        *_guarded(record, body),
        " except AttributeError:",
        "  raise Unfit('is not set').at(at) from None",
        f" return {{{', '.join(f'{key_of(slot)!r}: v{n}' for n, slot in enumerate(record.slots))}}}",
    ]


def _read(record: Record, names: Names) -> list[str]:
    body = []
    for n, slot in enumerate(record.slots):
        body += _field_read(n, slot, names)
    later = ", ".join(f"{slot.name!r}: v{n}" for n, slot in enumerate(record.slots) if not slot.init)
    return [
        "def it(data):",
        " if type(data) is not dict:",
        "  data = record.members(data)",
        " try:",
        *([f"  v{n} = data[{key_of(slot)!r}]" for n, slot in enumerate(record.slots)] or ["  pass"]),
        " except KeyError:",
        "  return record.partly(data)",
        *_guarded(record, body),
        " try:",
        *_made(record, names),
        " except Exception as error:",
        "  raise record.refused(error) from error",
        f" return record.completed(made, {{{later}}})" if later else " return made",
    ]


def _again(record: Record, names: Names) -> list[str]:
    """What was written a moment ago has every field, and each of its type."""
    body = []
    for n, slot in enumerate(record.slots):
        body += _field_again(n, slot, names)
    return ["def it(data):", *(line[1:] for line in [*body, *_made(record, names)]), " return made"]


def _guarded(record: Record, body: list[str]) -> list[str]:
    """The body, and what makes of its complaints those of a field, and of an item of a list that is walked."""
    walked = any(slot.shape.walked() is not None for slot in record.slots)
    found = ["  if walk is not None:", "   unfit.at(reached(held, walk))"]
    return [
        " at = ''",
        *([" walk = None"] if walked else []),
        " try:",
        *(body or ["  pass"]),
        " except Unfit as unfit:",
        *(found if walked else []),
        "  raise unfit.at(at) from unfit.__cause__",
    ]


def _walked(n: int, slot: Slot) -> list[str] | None:
    """A list made anew by an expression for each item; None for what is no such list."""
    item = slot.shape.walked()
    if item is None:
        return None
    return [
        f"  if type(v{n}) is list:",
        f"   held, walk = v{n}, iter(v{n})",
        f"   v{n} = [item_{n}(x) for x in walk]",
        "   walk = None",
        "  else:",
        f"   v{n} = turn_{n}(v{n})",
    ]


def _field_written(n: int, slot: Slot, fetched: str, names: Names) -> list[str]:
    walked = _walked(n, slot)
    if walked is not None:
        return [f"  v{n} = {fetched}", *walked]
    inline = _inline(n, slot, names)
    if inline is None:
        return [f"  v{n} = turn_{n}({fetched})"]
    test, written = inline.write_test, inline.written
    if written == f"v{n}":
        return [f"  v{n} = {fetched}", f"  if not ({test}):", f"   v{n} = turn_{n}(v{n})"]
    return [f"  v{n} = {fetched}", f"  v{n} = ({written}) if {test} else turn_{n}(v{n})"]


def _field_read(n: int, slot: Slot, names: Names) -> list[str]:
    walked = _walked(n, slot)
    if walked is not None:
        return [f"  at = {key_of(slot)!r}", *walked]
    inline = _inline(n, slot, names)
    turn = [f"at = {key_of(slot)!r}", f"v{n} = turn_{n}(v{n})"]
    if inline is None or inline.read_test == "False":
        return [f"  {line}" for line in turn]
    if inline.value == f"v{n}":
        return [f"  if not ({inline.read_test}):", *(f"   {line}" for line in turn)]
    return [f"  {turn[0]}", f"  v{n} = ({inline.value}) if {inline.read_test} else turn_{n}(v{n})"]


def _field_again(n: int, slot: Slot, names: Names) -> list[str]:
    data = f"data[{key_of(slot)!r}]"
    if slot.shape.walked() is not None:
        return [f"  v{n} = [item_{n}(x) for x in {data}]"]
    inline = _inline(n, slot, names)
    if inline is None or inline.read_test == "False":
        return [f"  v{n} = turn_{n}({data})"]
    if inline.written == inline.value == f"v{n}":
        return [f"  v{n} = {data}"]
    return [f"  v{n} = {data}", f"  v{n} = ({inline.value}) if {inline.read_test} else turn_{n}(v{n})"]


def _inline(n: int, slot: Slot, names: Names) -> Inline | None:
    inline = slot.shape.inline()
    if inline is None:
        return None
    names.update({name.format(n=n): value for name, value in inline.names.items()})
    texts = inline.write_test, inline.written, inline.read_test, inline.value
    write_test, written, read_test, value = (text.format(x=f"v{n}", n=n) for text in texts)
    return Inline(write_test, written, read_test, value, {})


def _made(record: Record, names: Names) -> list[str]:
    """The instance, by its constructor, or past one that would do nothing but set fields."""
    if record.is_tuple and not record.remade:
        names["new"] = tuple.__new__
        return [f"  made = new(kind, [{', '.join(f'v{n}' for n in range(len(record.slots)))}])"]
    if not record.settable:
        return [f"  made = kind({', '.join(_arguments(record))})"]
    names["new"] = object.__new__
    if not record.frozen:
        return ["  made = new(kind)", *(f"  made.{slot.name} = v{n}" for n, slot in enumerate(record.slots))]
    if "__slots__" not in vars(record.kind):
        fields = [f"  fields[{slot.name!r}] = v{n}" for n, slot in enumerate(record.slots)]
        return ["  made = new(kind)", "  fields = made.__dict__", *fields]
    # Slots are reached by their names only, so an instance of a class that is not frozen gets them, and then its class.
    names["thawed"] = type("thawed", (), {"__slots__": tuple(slot.name for slot in record.slots)})
    return [
        "  made = new(thawed)",
        *(f"  made.{slot.name} = v{n}" for n, slot in enumerate(record.slots)),
        "  made.__class__ = kind",
    ]


def _arguments(record: Record) -> Iterator[str]:
    for n, slot in enumerate(record.slots):
        if slot.init:
            name = slot.parameter or slot.name
            named = f"{name}=v{n}" if _is_name(name) else f"**{{{name!r}: v{n}}}"
            yield f"v{n}" if record.positional else named


def _is_name(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name)


def _way(slot: Slot, form: Form) -> tuple[Shape, Form]:
    """A field's shape, and the direction in which it goes; in a record, only what is open has tags."""
    return slot.shape, "json" if form == "payload" and not is_open(slot.shape) else form


WAYS: dict[Form, Callable[[Record, Names], list[str]]] = {
    "payload": _written,
    "json": _written,
    "read": _read,
    "again": _again,
}

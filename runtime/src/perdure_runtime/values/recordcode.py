"""Generated code: how the instances of one class are written and read, field by field, as its author would write it.

    def it(value):                                   def it(data):
        if type(value) is not kind:                      if type(data) is not dict:
            raise record.wrong(value)                        data = record.members(data)
        at = ''                                          try:
        try:                                                 v0 = data['sku']
            at = 'sku'                                       v1 = data['lines']
            v0 = value.sku                               except KeyError:
            if not (type(v0) is str):                        return record.partly(data)
                v0 = turn_0(v0)                          at = ''
            at = 'lines'                                 try:
            v1 = turn_1(value.lines)                         if not (type(v0) is str):
        except Unfit as unfit:                                   at = 'sku'
            raise unfit.at(at) from unfit.__cause__              v0 = turn_0(v0)
        except AttributeError:                               at = 'lines'
            raise Unfit('is not set').at(at) …               v1 = turn_1(v1)
        return {'sku': v0, 'lines': v1}                  except Unfit as unfit:
                                                             raise unfit.at(at) from unfit.__cause__
                                                         try:
                                                             return kind(v0, v1)
                                                         except Exception as error:
                                                             raise record.refused(error) from error

It is made of the names of fields and of what `Shape.inline` says, thus of type information alone: no value, and nothing
that was stored, ever gets into it.
"""

from __future__ import annotations

from collections.abc import Callable
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.records import Form, Record, Slot, key_of
from perdure_runtime.values.shapes import Inline, Shape, is_open

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["generated"]

Names = dict[str, Any]


def generated(record: Record, form: Form) -> Callable[[Any], Any]:
    """The function for one direction; from now on it is the record's own."""
    names: Names = {"record": record, "kind": record.kind, "Unfit": Unfit}
    lines = _read(record, names) if form == "read" else _written(record, names)
    ways = [_way(slot, form) for slot in record.slots]
    for n, (shape, way) in enumerate(ways):
        names[f"turn_{n}"] = getattr(shape, way)
    exec(compile("\n".join(lines), f"<perdure: {record.title}>", "exec"), names)  # noqa: S102  type information alone
    made: Callable[[Any], Any] = names["it"]
    vars(record)[form] = made
    # Other threads may use it already. What is a method of another record so far, which may contain this one, becomes
    # the function that the method would ask for.
    for n, (shape, way) in enumerate(ways):
        if isinstance(shape, Record):
            names[f"turn_{n}"] = shape.code(way)
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
        " at = ''",
        " try:",
        *(body or ["  pass"]),
        " except Unfit as unfit:",
        "  raise unfit.at(at) from unfit.__cause__",
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
        " at = ''",
        " try:",
        *(body or ["  pass"]),
        " except Unfit as unfit:",
        "  raise unfit.at(at) from unfit.__cause__",
        " try:",
        *_made(record, names),
        " except Exception as error:",
        "  raise record.refused(error) from error",
        f" return record.completed(made, {{{later}}})" if later else " return made",
    ]


def _field_written(n: int, slot: Slot, fetched: str, names: Names) -> list[str]:
    inline = _inline(n, slot, names)
    if inline is None:
        return [f"  v{n} = turn_{n}({fetched})"]
    test, written = inline.write_test, inline.written
    if written == f"v{n}":
        return [f"  v{n} = {fetched}", f"  if not ({test}):", f"   v{n} = turn_{n}(v{n})"]
    return [f"  v{n} = {fetched}", f"  v{n} = ({written}) if {test} else turn_{n}(v{n})"]


def _field_read(n: int, slot: Slot, names: Names) -> list[str]:
    inline = _inline(n, slot, names)
    turn = [f"at = {key_of(slot)!r}", f"v{n} = turn_{n}(v{n})"]
    if inline is None or inline.read_test == "False":
        return [f"  {line}" for line in turn]
    if inline.value == f"v{n}":
        return [f"  if not ({inline.read_test}):", *(f"   {line}" for line in turn)]
    return [f"  if {inline.read_test}:", f"   v{n} = {inline.value}", "  else:", *(f"   {line}" for line in turn)]


def _inline(n: int, slot: Slot, names: Names) -> Inline | None:
    inline = slot.shape.inline()
    if inline is None:
        return None
    names.update({name.format(n=n): value for name, value in inline.names.items()})
    texts = inline.write_test, inline.written, inline.read_test, inline.value
    write_test, written, read_test, value = (text.format(x=f"v{n}", n=n) for text in texts)
    return Inline(write_test, written, read_test, value, {})


def _made(record: Record, names: Names) -> list[str]:
    """The instance, by its constructor, or past one that would do nothing but set fields, slowly as they are frozen."""
    if record.is_tuple and not record.remade:
        names["new"] = tuple.__new__
        return [f"  made = new(kind, [{', '.join(f'v{n}' for n in range(len(record.slots)))}])"]
    if not record.frozen:
        return [f"  made = kind({', '.join(_arguments(record))})"]
    names["new"] = object.__new__
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

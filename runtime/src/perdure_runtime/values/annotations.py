"""The one seam between Python's types and recorded values: annotations, compiled to converters.

The event, the results of handlers and of steps go through here, and nothing else decides what a value becomes. A value
has two forms on the way out: the *payload*, which the codec records and which keeps everything the codec has a tag for,
and *plain JSON*, which whoever invoked the function reads. Both read back as the annotated type.

An annotation that cannot be served is refused when the function is first met, before anything is done for it. What it
takes to serve one (`compiler`, and all that it needs) is imported when the first annotation says more than `dict`.
"""

from __future__ import annotations

import typing
from functools import lru_cache
from typing import Any

from perdure.errors import HandlerRefused
from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values.jsontext import Different, exact, write
from perdure_runtime.values.paths import FAULTS, ROOT, refusal, reported
from perdure_runtime.values.shapes import ANYTHING, AnyDict, Number, Scalar, Shape, Unserved, everything_in, has_tags

__all__ = ["Converter", "converter"]

SCALARS = frozenset({bool, int, str, float})
OBJECTS = (dict, dict[str, Any], dict[str, object])
"""What most events are annotated as."""
NOTHING_SAID = frozenset({Any, object, typing.Never, typing.NoReturn})
RETURN_IT = "; what the annotation says is what is stored: return that, or change the annotation"


class Converter(NamedTuple):
    """An annotation at work."""

    shape: Shape
    settled: bool = False
    """Whether a payload is plain JSON data of its own, in which the annotation has checked everything."""
    plain: bool = False
    """As the shape's, where the annotation leaves something to the codec."""
    remade: bool = False
    """Whether reading runs code of the user's, which may make another value of it."""

    @property
    def exact(self) -> bool:
        """Whether a value of the one type that there is stands for itself, before and after its text."""
        return type(self.shape) is Scalar

    @property
    def identity(self) -> bool:
        """Whether there is nothing to convert and nothing to check."""
        return self.shape is ANYTHING

    def to_payload(self, value: object, *, root: str = ROOT) -> object:
        """`value` as the codec takes it; raises `SerdesError` for one that is not of the annotated type."""
        try:
            return self.shape.payload(value)
        except FAULTS as fault:
            raise refusal(fault, root, RETURN_IT)  # noqa: B904  it says itself what it comes from

    def to_json(self, value: object, *, root: str = ROOT) -> object:
        """`value` as plain JSON data; raises `SerdesError` for one that is not of the annotated type."""
        with reported(root, "" if self.identity else RETURN_IT):
            return self.shape.json(value)

    def to_text(self, value: object, *, root: str = ROOT) -> str:
        """`value` as the text of plain JSON; raises `SerdesError` for one that is not of the annotated type."""
        if self.identity and not isinstance(found := exact(value), Different):
            return found[0]
        data = self.to_json(value, root=root)
        try:
            return write(data)
        except FAULTS as fault:
            raise refusal(fault, root)  # noqa: B904  it says itself what it comes from

    def from_payload(self, data: object, *, root: str = ROOT) -> object:
        """The value that a decoded payload, or plain JSON data, stands for; raises `SerdesError`."""
        try:
            return self.shape.read(data)
        except FAULTS as fault:
            raise refusal(fault, root)  # noqa: B904  it says itself what it comes from

    def from_settled(self, data: object, *, root: str = ROOT) -> object:
        """As `from_payload`, for what `to_payload` has just made where the converter is settled."""
        try:
            return self.shape.again(data)
        except FAULTS as fault:
            raise refusal(fault, root)  # noqa: B904  it says itself what it comes from

    def check(self, back: object, data: object, *, root: str = ROOT) -> None:
        """Hold the value `back`, read from the payload `data`, to it; raises `SerdesError` where it is another."""
        if self.remade:
            from perdure_runtime.values.differences import difference

            with reported(root):
                difference(data, self.shape.payload(back))


def converter(annotation: object, *, owner: str) -> Converter:
    """The converter of `annotation`; raises `HandlerRefused` in the name of `owner` for one that cannot be served."""
    try:
        try:
            return _UNSAID if annotation in NOTHING_SAID else _compiled(annotation)
        except TypeError:  # not hashable: Annotated[int, []]
            return _compile(annotation)
    except Unserved as refusal:
        raise HandlerRefused(owner, str(refusal)) from None


def _compile(annotation: object) -> Converter:
    if isinstance(annotation, type) and annotation in SCALARS:
        return Converter(Number() if annotation is float else Scalar(annotation), settled=True)
    if annotation in OBJECTS:
        shape: Shape = AnyDict()
    else:
        from perdure_runtime.values.compiler import Compiler

        shape = Compiler().shape_of(annotation, "")
    parts = list(everything_in(shape))
    settled = not has_tags(shape) and not any(part.open for part in parts)
    return Converter(shape, settled, shape.plain and not settled, any(part.remade for part in parts))


_UNSAID = Converter(ANYTHING)
_compiled = lru_cache(maxsize=1024)(_compile)

"""A run as JSON, one object a line: each notice of the service under its name, then the summary.

Values travel as what they are, not as text inside text; one that is not JSON is a string, and so are those of a line in
which one is nested more than 250 levels deep.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Self

import orjson

from perdure_local.cli import wording
from perdure_local.notices import OperationNotice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from perdure_local.cli.screens import Ending, Heading
    from perdure_local.moments import Moment
    from perdure_local.notices import LogLine, Notice
    from perdure_local.timeline import Timeline

_READERS: Mapping[str, Callable[[str | None], object]] = {"payload": wording.value, "result": wording.value}
"""Fields whose text is a value."""
_OPERATION_READERS = {**_READERS, "result": wording.recorded_value, "state": wording.recorded_value}


class JsonScreen:
    """Writes objects to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._arn: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def begin(self, heading: Heading, timeline: Timeline) -> None:  # noqa: ARG002 - a Screen's
        """Remember which execution it is."""
        self._arn = timeline.arn

    def show(self, notice: Notice | LogLine, moments: Sequence[Moment]) -> None:  # noqa: ARG002 - a Screen's
        """Write a notice."""
        if notice.arn in {None, self._arn}:
            fields = {field.name: getattr(notice, field.name) for field in dataclasses.fields(notice)}
            is_ours = isinstance(notice, OperationNotice) and notice.kind not in wording.FROM_OUTSIDE
            readers = _OPERATION_READERS if is_ours else _READERS
            self._write(_event_name(type(notice)), fields, readers)

    def refresh(self, since: float) -> None:
        """Lines stand."""

    def end(self, ending: Ending) -> None:
        """Write the summary."""
        fields = ending.summary._asdict()
        sums = {"operations": ending.operations, "elapsed": ending.elapsed, "real": ending.seconds}
        self._write("summary", {**fields, **sums})

    def _write(
        self, event: str, fields: Mapping[str, Any], readers: Mapping[str, Callable[[str | None], object]] = _READERS
    ) -> None:
        decoded = {name: readers[name](found) if name in readers else found for name, found in fields.items()}
        try:
            line = orjson.dumps({"event": event, **decoded}, default=str)
        except orjson.JSONEncodeError:  # a value is nested more deeply than can be written; its text is no trouble
            line = orjson.dumps({"event": event, **fields}, default=str)
        self._stream.write(line.decode() + "\n")
        self._stream.flush()


def _event_name(kind: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()

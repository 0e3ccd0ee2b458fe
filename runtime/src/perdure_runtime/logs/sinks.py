"""Where lines go: one write for each record, whole or not at all interleaved.

Lambda gives some runtimes a descriptor for framed records, which keep their boundaries whatever they contain. Without
it records go to standard output, in the order in which `print` and they were called: the stream is flushed, then the
line is written to its descriptor at once, past the stream's buffer, which would split a long one. Under awslambdaric
its own sink is used, whichever kind that is.

A line that cannot be written is dropped: a closed pipe must not fail the work that only wanted to tell of itself.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from _thread import RLock
from typing import TYPE_CHECKING, Protocol

from perdure_runtime.logs.settings import SETTINGS

if TYPE_CHECKING:
    from typing import TextIO

_JSON_FRAME = 0xA55A0002
_TEXT_FRAME = 0xA55A0003
# What the two frame types grow by for DEBUG to CRITICAL: 4 bits' worth a level, from 8 on.
_FRAME_STEPS = {10: 8, 20: 12, 30: 16, 40: 20, 50: 24}

# Bodies run on several threads. Reentrant, for a signal handler that logs while its thread is writing.
_WRITING = RLock()


class Sink(Protocol):
    """Something that takes rendered lines."""

    one_line: bool
    """Whether a line feed ends the record."""

    def write(self, line: str, rank: int) -> None:
        """Write one record of the level `rank`."""
        ...


class StreamSink:
    """Standard output, or a stream that takes its place."""

    one_line = True

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, line: str, rank: int) -> None:  # noqa: ARG002  a plain line says its level itself
        """Write one record."""
        stream = sys.stdout if self._stream is None else self._stream
        if stream is None:
            return
        with _WRITING:
            descriptor = _descriptor(stream)
            if descriptor is None:
                stream.write(line)
                stream.flush()
            else:
                stream.flush()
                _write_all(descriptor, _encoded(line))


class FrameSink:
    """The telemetry descriptor: type, length, microseconds since the epoch, message."""

    one_line = False

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, line: str, rank: int) -> None:
        """Write one record as one frame."""
        message = _encoded(line)
        micros = int(SETTINGS.clock() * 1_000_000)
        frame = frame_type(rank) + len(message).to_bytes(4, "big") + micros.to_bytes(8, "big") + message
        with _WRITING:
            _write_all(self._descriptor, frame)


class _LambdaSink(Protocol):
    def log(self, msg: str, frame_type: bytes | None = None) -> None: ...


class BorrowedSink:
    """The sink awslambdaric made: it has taken the telemetry descriptor before our code ran."""

    def __init__(self, sink: _LambdaSink) -> None:
        self._sink = sink
        self.one_line = not hasattr(sink, "fd")

    def write(self, line: str, rank: int) -> None:
        """Write one record."""
        with _WRITING:
            self._sink.log(line, frame_type=frame_type(rank))


def frame_type(rank: int) -> bytes:
    """The first four bytes of a frame. A text frame carries a level only where the environment names one."""
    first = _JSON_FRAME if SETTINGS.as_json else _TEXT_FRAME
    step = _FRAME_STEPS[rank] if SETTINGS.as_json or SETTINGS.named_level is not None else 0
    return (first + step).to_bytes(4, "big")


def sink() -> Sink:
    """The sink of this process."""
    if SETTINGS.sink is None:
        SETTINGS.sink = _chosen()
    return SETTINGS.sink


def put(line: str, rank: int) -> None:
    """Write one rendered line to the sink of this process."""
    with contextlib.suppress(OSError, ValueError):
        sink().write(line, rank)


def _chosen() -> Sink:
    if SETTINGS.stream is not None:
        return StreamSink(SETTINGS.stream)
    if SETTINGS.telemetry_fd is not None:
        return FrameSink(SETTINGS.telemetry_fd)
    borrowed = _of_awslambdaric()
    return StreamSink(None) if borrowed is None else BorrowedSink(borrowed)


def _of_awslambdaric() -> _LambdaSink | None:
    logging = sys.modules.get("logging")
    if logging is None:
        return None
    sinks = [getattr(handler, "log_sink", None) for handler in logging.getLogger().handlers]
    return next((each for each in sinks if type(each).__module__.startswith("awslambdaric")), None)


def _descriptor(stream: TextIO) -> int | None:
    if not isinstance(stream, io.TextIOWrapper):
        return None
    try:
        return stream.fileno()
    except OSError:
        return None


def _encoded(line: str) -> bytes:
    # A lone surrogate has no UTF-8; escaped it is still right inside JSON.
    return line.encode("utf-8", "backslashreplace")


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]

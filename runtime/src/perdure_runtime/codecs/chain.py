"""The chain of codecs of a function: recorded text in, other text out, and back.

    the text of the value -> bytes -> each codec in its order -> the wire form         docs/payloads.md

Going back needs no chain of the same order, or of the same codecs: the record lists what was done. Of the codecs that
can undo a link the first that has the key or the object does. What needs neither (compression) is undone by any chain,
the empty one too.

Sizes are declared in the record and hold: whatever is undone gets as many bytes as it says, and nothing may say more
than `Environment.largest`, in either direction. So a small text cannot become a large one in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from perdure.codecs import Codec, Compress, Encrypt, Offload, PayloadError, PayloadSite, Redact
from perdure_runtime.codecs import wireform
from perdure_runtime.codecs.compression import Compression
from perdure_runtime.codecs.faults import Elsewhere, Unreadable
from perdure_runtime.codecs.own import Own
from perdure_runtime.codecs.redaction import Redactor
from perdure_runtime.codecs.stages import Position, Stage
from perdure_runtime.codecs.wireform import BY, SIZE, Entry, Wrapped

if TYPE_CHECKING:
    from perdure_runtime.codecs.environment import Environment

__all__ = ["Chain", "chain_for"]


def chain_for(codecs: Iterable[Codec], environment: Environment) -> Chain:
    """The chain that `codecs` ask for. Opens nothing; raises `ModuleNotFoundError` where a codec lacks its package."""
    chosen = tuple(codecs)
    stages = [_stage(codec, environment) for codec in chosen if not isinstance(codec, Redact)]
    return Chain(stages, Compression(Compress(), environment), Redactor.of(chosen), environment.largest)


class Chain:
    """Encodes and decodes the texts of one function; lives as long as the process."""

    __slots__ = ("_largest", "_readers", "_stages", "redactor")

    def __init__(self, stages: Iterable[Stage], always: Stage, redactor: Redactor, largest: int) -> None:
        self._stages = tuple(stages)
        self._readers = (*self._stages, always)
        self._largest = largest
        self.redactor = redactor
        """What to show of a text or a value."""

    def waits_to_encode(self, text: str) -> bool:
        """Whether encoding `text` may wait for something elsewhere."""
        return any(stage.waits_to_apply(len(text) if text.isascii() else len(text) * 4) for stage in self._stages)

    def waits_to_decode(self, text: str) -> bool:
        """Whether decoding `text` may."""
        entries = wireform.entries_of(text) if self._stages and wireform.is_wrapped(text) else []
        undone = ((stage, entry) for stage in self._stages for entry in entries if entry[BY] in stage.reads)
        return any(stage.waits_to_undo(entry) for stage, entry in undone)

    def encode(self, text: str, site: PayloadSite) -> str:
        """The text to record in place of `text`; raises `PayloadError`, or `ServiceError` for what may pass."""
        if not self._stages and not wireform.is_wrapped(text):
            return text
        try:
            return self._encoded(text, site)
        except Unreadable as fault:
            raise _reported(fault, site) from fault.__cause__

    def decode(self, text: str, site: PayloadSite) -> str:
        """The text that `encode` was given, by whatever chain; raises `PayloadError`, or `ServiceError`."""
        if not wireform.is_wrapped(text):
            return text
        try:
            return self._decoded(text, site)
        except Unreadable as fault:
            raise _reported(fault, site) from fault.__cause__

    def _encoded(self, text: str, site: PayloadSite) -> str:
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise Unreadable(f"cannot travel as UTF-8: {error.reason}") from None
        entries: list[Entry] = []
        for stage in self._stages:
            self._check_size(len(data))
            applied = stage.apply(data, Position(site, entries))
            if applied is not None:
                entries = [*entries, {**applied.entry, SIZE: len(data)}]
                data = applied.data
        self._check_size(len(data))
        return wireform.write(Wrapped(entries, data)) if entries or wireform.is_wrapped(text) else text

    def _decoded(self, text: str, site: PayloadSite) -> str:
        entries, data = wireform.read(text)
        for index in reversed(range(len(entries))):
            entry = entries[index]
            size = int(entry[SIZE])
            self._check_size(size)
            data = self._undone(data, entry, Position(site, entries[:index]))
            if len(data) != size:
                raise Unreadable(f"is damaged: {entry[BY]} gave {len(data):,} bytes back, not {size:,}")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise Unreadable("is damaged: what it holds is not UTF-8") from None

    def _undone(self, data: bytes, entry: Entry, position: Position) -> bytes:
        lacking: Unreadable | None = None
        for stage in self._readers:
            if entry[BY] in stage.reads:
                try:
                    return stage.undo(data, entry, position)
                except Elsewhere as fault:
                    lacking = lacking or fault
        if lacking is not None:
            raise lacking
        raise Unreadable(
            f"was written by {entry[BY]}, and this function has no codec that reads it:"
            " a codec has to stay while executions that were recorded with it are in flight"
        )

    def _check_size(self, size: int) -> None:
        if size > self._largest:
            raise Unreadable(f"takes {size:,} bytes, and codecs handle at most {self._largest:,}")


def _stage(codec: Codec, environment: Environment) -> Stage:
    if isinstance(codec, Compress):
        return Compression(codec, environment)
    if isinstance(codec, Encrypt):
        from perdure_runtime.codecs.encryption import Encryption  # only where it is asked for, as the next

        return Encryption(codec, environment)
    if isinstance(codec, Offload):
        from perdure_runtime.codecs.offloading import Offloading

        return Offloading(codec, environment)
    assert not isinstance(codec, Redact)  # noqa: S101  it does nothing to what is recorded
    return Own(codec)


def _reported(fault: Unreadable, site: PayloadSite) -> PayloadError:
    return PayloadError(fault.reason, site.operation_name or "", site.operation_id, fault.key)

"""JSON at the speed of C, by whichever library is worth its import.

orjson takes 6 ms of a cold start to import, most of it for modules that it brings along, and a small invocation is
through before that. So a process begins with what is behind Python's own `json`, which takes some 4 ms more for each
megabyte that it reads and 8 for each that it writes. It changes to orjson where user code has loaded that already, at
the first large value, and once it has lost about half of what the import takes: a process that has come so far is
likely to be asked for more of the same, and it has not lost much if it is not.

Either reads what the other wrote. Where they differ, nobody is to rely on it: integers beyond 64 bits, NaN, tuples,
keys of a dict that are not text, subclasses of builtins. Values of the user's pass `values/jsontext.py`, which proves
that they come back as they are.
"""

from __future__ import annotations

import sys
from _json import encode_basestring, make_encoder, make_scanner
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CODE", "SMALL", "Code", "quoted", "scan"]

MUCH = 640 * 1024
"""Bytes in all after which it pays, as if they were all read: many small texts are worth it as much as a large one."""
WRITING = 2
"""How many times as much it saves where a text is written."""
LARGE = 128 * 1024
"""Bytes of one written text with which it pays at once: they are written, read back and read again in the answer, and
more of their kind will follow. What a map of 1,000 comes to is less, and comes once."""
LARGE_VALUE = 64 * 1024
"""Bytes that `marshal` makes of such a value, which counts each text that occurs many times as one."""
DEEPEST = 254
"""Levels of lists and dicts that either library writes: orjson takes no more."""
SMALL = 2 * DEEPEST
"""Bytes of a text that is too short to be nested more deeply."""
CONTAINERS = frozenset({list, tuple, dict})
SPACE = " \t\n\r"


class _Strict:
    """How the scanner reads: as JSON has it, and nothing more."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int

    @staticmethod
    def parse_constant(word: str) -> object:
        raise ValueError(f"{word} is not JSON")


def _read_brief(text: str) -> Any:  # noqa: ANN401  any JSON
    try:
        value, end = scan(text, 0)
    except StopIteration as place:
        raise ValueError(f"there is no value at character {place.value}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if end != len(text):
        raise ValueError(f"there is something after the value, at character {end}")
    return value


def _unknown(value: object) -> object:
    raise TypeError(f"a {type(value).__name__} is not JSON")


quoted: Final[Callable[[str], str]] = encode_basestring
"""A text as JSON writes it."""
scan: Final[Callable[[str, int], tuple[Any, int]]] = make_scanner(cast("Any", _Strict))
"""The value at a place of a JSON text, and where it ends; raises ValueError, or StopIteration where there is none."""
# No indent, no sorted keys, no skipped ones, no NaN; circular structures are left to the recursion limit.
_encode = make_encoder(None, _unknown, encode_basestring, None, ":", ",", *(False, False, False))


def _is_too_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        insides = (outer.values() if type(outer) is dict else outer for outer in level)
        level = [inner for inside in insides for inner in inside if type(inner) in CONTAINERS]
        if not level:
            return False
    return True


class Code:
    """The library in use."""

    __slots__ = ("is_swift", "read", "read_brief", "used", "written")

    def __init__(self) -> None:
        self.used = 0
        """Bytes, as if they were all read."""
        self.is_swift = False
        """Whether it is orjson."""
        self.read: Callable[[bytes | str], Any] = self._read_at_first
        """What a JSON text stands for; raises ValueError for anything else."""
        self.read_brief: Callable[[str], Any] = _read_brief
        """The same for a short one, which has no part in that the library changes."""
        self.written: Callable[[object], bytes] = self._written_at_first
        """A value as JSON; raises TypeError or ValueError where it has no such form."""

    def foresee(self, size: int) -> None:
        """A value is going to be written and read of which `marshal` makes so many bytes."""
        if size >= LARGE_VALUE and not self.is_swift:
            self._change()

    def _read_at_first(self, data: bytes | str) -> Any:  # noqa: ANN401  any JSON
        self.used += len(data)
        if self.used >= MUCH or "orjson" in sys.modules:
            self._change()
            return self.read(data)
        return _read_brief((data if isinstance(data, str) else data.decode()).strip(SPACE))

    def _written_at_first(self, value: object) -> bytes:
        text = "".join(_encode(value, 0))
        written = text.encode()
        if (
            len(written) > SMALL
            and type(value) is not str
            and text.count("[") + text.count("{") > DEEPEST
            and _is_too_deep(value)
        ):
            raise TypeError(f"it is nested more than {DEEPEST} levels deep")
        self.used += len(written) * WRITING
        if self.used >= MUCH or len(written) >= LARGE or "orjson" in sys.modules:
            self._change()
        return written

    def _change(self) -> None:
        """It is time for orjson."""
        from perdure_runtime.unasked import without

        with without("inspect", "copy"):
            import orjson

        options = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
        self.read = self.read_brief = orjson.loads
        self.written = partial(orjson.dumps, option=options)
        self.is_swift = True


CODE: Final = Code()

"""JSON text and back, at the speed of C and without a loss.

What is fast (`jsoncode`) is wrong in silence about a few values: orjson reads integers beyond 64 bits as floats and
writes NaN as null; either library writes a tuple as a list, an `IntEnum` as its number. Python's own json knows the
first two. So a value takes the fast way only where that is proved to bring it back, and json's otherwise:

* *written*: `exact` reads its own text back. `marshal` takes objects of the very builtin types only, nothing derived
  from them, which is the half of the proof that `==` cannot give (`IntEnum(1) == 1`, `defaultdict(…) == {…}`); with the
  types known, `==` gives the other half.
* *read*: a run of 19 digits may stand for an integer that orjson would round.
"""

from __future__ import annotations

import marshal
from typing import Any, Final, cast

from perdure_runtime.jsoncode import CODE, SMALL, scan
from perdure_runtime.values.paths import Unfit

__all__ = ["DIFFERENT", "SCALARS", "TOO_LONG", "Different", "NotFinite", "brief", "exact", "known", "parse", "write"]

SCALARS: Final = frozenset({type(None), bool, int, str})
"""Types that JSON has, and whose values nobody can change."""
SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""Integers that orjson writes, and that any library writes alike."""
DIGITS_AS_ZERO: Final = bytes.maketrans(b"123456789", b"000000000")
LONG_RUN: Final = b"0" * 19
"""The shortest integer outside 64 bits: a minus sign and 19 digits."""


TOO_LONG: Final = "has an integer of more digits than Python reads; store it as text of your own, such as hex(…)"


class Different:
    """The type of `DIFFERENT`."""


DIFFERENT: Final = Different()
"""What `exact` answers for a value that orjson would change."""


def exact(value: object) -> tuple[str, object] | Different:
    """The JSON text of `value`, and what it reads back as, when that is the same in value and in type throughout."""
    try:
        CODE.foresee(len(marshal.dumps(cast("Any", value))))  # whether marshal takes the value is the question
        text = CODE.written(value)
        decoded = CODE.read(text)
        same = decoded == value
    except (TypeError, ValueError, RecursionError):
        return DIFFERENT
    return (text.decode(), decoded) if same else DIFFERENT


class NotFinite(float):
    """A float that orjson would write as null, and as an instance of this class refuses to write."""

    __slots__ = ()


def brief(data: object) -> str | None:
    """The JSON text of a number that any library writes alike, of a truth value, or of nothing; None for all else."""
    if type(data) is int and SMALLEST <= data <= LARGEST:
        return str(data)
    if data is None:
        return "null"
    return ("true" if data else "false") if type(data) is bool else None


def known(data: object) -> str | None:
    """The JSON text of data of builtin types, all floats finite; None where orjson cannot write it."""
    if (text := brief(data)) is not None:
        return text
    try:
        return CODE.written(data).decode()
    except (TypeError, ValueError, RecursionError):
        return None


def parse(text: str) -> object:
    """What the JSON `text` stands for; raises `Unfit` where it is not JSON."""
    if len(text) <= SMALL:
        try:
            value, end = scan(text, 0)
            if end == len(text):
                return value
        except (ValueError, StopIteration, RecursionError):
            pass  # what is to be said of it, or made of it, is found out below
    try:
        data = text.encode()
        if len(data) < len(LONG_RUN) or LONG_RUN not in data.translate(DIGITS_AS_ZERO):
            return CODE.read(data)
    except ValueError:
        pass  # not JSON, or one of the things only json reads: NaN, lone surrogates
    import json

    try:
        value = json.loads(text)
    except ValueError as error:
        raise Unfit(f"is not JSON: {error}") from None
    return value


def write(value: object) -> str:
    """The JSON text of plain JSON data, beyond 64 bits and with NaN as Python's json writes it, without spaces."""
    found = exact(value)
    if not isinstance(found, Different):
        return found[0]
    import json

    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise Unfit(_unwritable(error)) from None
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no bytes of its own; escaped, it travels
        if text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") != text:
            raise Unfit("has two halves of a surrogate pair, which would be read as one character") from None
        return json.dumps(value, separators=(",", ":"))
    return text


def _unwritable(error: Exception) -> str:
    return TOO_LONG if "digits" in str(error) else f"cannot be written as JSON: {error}"

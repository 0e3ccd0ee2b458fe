"""The result of user code as recorded text: by its own serdes where it has one, else by its annotation and the codec.

What is stored is read back at once, so that the code gets live what a replay will give it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.errors import SerdesError
from perdure_runtime.jsoncode import SMALL, scan
from perdure_runtime.values.annotations import RETURN_IT
from perdure_runtime.values.jsontext import SCALARS, known, parse
from perdure_runtime.values.paths import FAULTS, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure import Serdes
    from perdure_runtime.values.annotations import Converter
    from perdure_runtime.values.codec import Codec

__all__ = ["RESULT", "ResultForm", "by_user"]

RESULT = "result"
TEXT = "text"
"""The member of a batch's item that holds the text of its serdes, where the codec cannot hold the value."""


class ResultForm:
    """How the result of one function travels."""

    __slots__ = ("_codec", "_converter", "_serdes", "itself")

    def __init__(self, codec: Codec, converter: Converter | None, serdes: Serdes[Any] | None = None) -> None:
        self._codec = codec
        self._converter = None if converter is None or converter.identity else converter
        self._serdes = serdes
        self.itself = _themselves(converter, serdes)
        """The types whose values are their own text, and the annotation has nothing to add."""

    def store(self, value: object) -> tuple[str, object]:
        """The text to record, and the value that a replay will read from it; raises `SerdesError`."""
        if (own := self.own_text(value)) is not None:
            return own, value
        if self._serdes is not None:
            text = self._own_text(self._serdes, value)
            return text, by_user(self._serdes.deserialize, text)
        if self._converter is None:
            return self._codec.stored(value, root=RESULT)
        if self._converter.plain and (found := self._at_once(self._converter, value)) is not None:
            return found
        payload = self._converter.to_payload(value, root=RESULT)
        settled = self._codec.settled(payload, root=RESULT) if self._converter.settled else None
        if settled is None:
            text, data = self._codec.stored(payload, root=RESULT)
            back = self._converter.from_payload(data, root=RESULT)
        else:  # the payload is what its text reads back as, so that reading the text would change nothing
            text, back = settled, self._converter.from_settled(payload, root=RESULT)
        self._converter.check(back, payload, root=RESULT)
        return text, back

    def _at_once(self, converter: Converter, value: object) -> tuple[str, object] | None:
        """As `store`, where what the codec reads back tells as much of the value as a look at the value itself."""
        found = self._codec.at_once(value)
        if found is None:
            return None
        text, data = found
        try:
            return text, converter.shape.read(data)
        except FAULTS:  # what is wrong is said of the value
            return None

    def read(self, text: str | None) -> object:
        """The value that a recorded text stands for; none stands for None."""
        if text is None:
            return None
        if self._serdes is not None:
            return by_user(self._serdes.deserialize, text)
        try:
            data = parse(text)
            if type(data) in self.itself:
                return data
            data = self._codec.value_of(data, text)
        except FAULTS as fault:
            raise refusal(fault, RESULT)  # noqa: B904  it says itself what it comes from
        return data if self._converter is None else self._converter.from_payload(data, root=RESULT)

    def at_a_glance(self, texts: list[str]) -> list[object] | None:
        """The values of many texts, where each is brief and is the value itself, and nothing else has a part in it."""
        if max(map(len, texts), default=0) > SMALL:
            return None
        text = f"[{','.join(texts)}]"
        try:
            values, end = scan(text, 0)
        except (ValueError, StopIteration, RecursionError):
            return None
        # With as many values as commas would part, all commas part two values, and so each text is one of them.
        is_all = len(values) == text.count(",") + 1 == len(texts) and end == len(text)
        return values if is_all and self.itself.issuperset(map(type, values)) else None

    def own_text(self, value: object) -> str | None:
        """The text of a value that is what its text will be read as; None where there is more to be seen to."""
        return known(value) if type(value) in self.itself else None

    def is_itself(self, value: object) -> bool:
        """Whether a value is what its text will be read as: nobody can tell the two apart."""
        return type(value) in self.itself

    def member(self, value: object, index: int) -> tuple[str, object]:
        """The member of a batch's item at `index` that holds `value`, for the codec to write with the whole batch.

        A value that has a serdes of its own is usually no work for the codec. Where it is, it is stored as what it is:
        the official SDK reads that, and would take the text of the serdes for the value.
        """
        if self._converter is not None and self._serdes is None:
            try:
                return RESULT, self._converter.shape.payload(value)
            except FAULTS as fault:
                raise refusal(fault, _place(index), RETURN_IT)  # noqa: B904  it says itself what it comes from
        if self._serdes is not None:
            try:
                self._codec.encode(value)
            except SerdesError:
                return TEXT, self._own_text(self._serdes, value)
        return RESULT, value

    def of_member(self, entry: Mapping[str, object], index: int) -> object:
        """The value that a batch's item holds; raises `SerdesError`."""
        if self._serdes is not None:
            text = entry.get(TEXT)
            return by_user(self._serdes.deserialize, text) if isinstance(text, str) else entry.get(RESULT)
        data = entry.get(RESULT)
        if self._converter is None:
            return data
        try:
            return self._converter.shape.read(data)
        except FAULTS as fault:
            raise refusal(fault, _place(index))  # noqa: B904  it says itself what it comes from

    def _own_text(self, serdes: Serdes[Any], value: object) -> str:
        text = by_user(serdes.serialize, value)
        if not isinstance(text, str):
            raise SerdesError(f"serdes.serialize returned a {type(text).__name__}, not a str", RESULT)
        return text


def _themselves(converter: Converter | None, serdes: Serdes[Any] | None) -> frozenset[type]:
    if serdes is not None:
        return frozenset()
    if converter is None or converter.identity:
        return SCALARS
    return SCALARS & converter.shape.made if converter.exact else frozenset()


def _place(index: int) -> str:
    return f"{RESULT}[{index}]"


def by_user(convert: Callable[[Any], Any], value: object, *, what: str = "serdes") -> Any:  # noqa: ANN401  user code
    """What a conversion of the user's makes of `value`; whatever it raises is a `SerdesError`."""
    try:
        return convert(value)
    except SerdesError:
        raise
    except Exception as error:  # user code
        raise SerdesError(f"its {what} failed: {type(error).__name__}: {error}", RESULT) from error

"""A value through the text that is recorded for it, and back."""

from __future__ import annotations

from typing import Any

import pytest

from perdure import SerdesError
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.results import ResultForm


def stored(annotation: Any, value: Any) -> tuple[str, Any]:
    form = ResultForm(Codec(), converter(annotation, owner="f"))
    text, live = form.store(value)
    again: Any = form.read(text)
    assert type(live) is type(again)
    assert repr(live) == repr(again)
    return text, live


def refusal(annotation: Any, value: Any) -> str:
    with pytest.raises(SerdesError) as caught:
        stored(annotation, value)
    return str(caught.value)


def unread(annotation: Any, data: Any) -> str:
    with pytest.raises(SerdesError) as caught:
        converter(annotation, owner="f").from_payload(data)
    return str(caught.value)

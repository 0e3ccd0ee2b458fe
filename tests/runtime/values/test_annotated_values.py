"""Random annotated types and values: replay == live == what the body returned, in type and value."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from perdure import HandlerRefused, SerdesError
from perdure_runtime.values import jsontext
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.batchform import nested
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.results import ResultForm
from support.value_strategies import shown, types


@pytest.mark.slow
@given(st.data())
@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
def test_replay_gives_what_the_first_run_gave_and_that_is_what_was_returned(data: Any) -> None:
    typed = data.draw(types)
    value = data.draw(typed.values)
    try:
        it = converter(typed.annotation, owner="f")
    except HandlerRefused:
        reject()
    form = ResultForm(Codec(lambda: nested(None)), it)
    text, live = form.store(value)
    assert shown(live) == shown(form.read(text))
    assert shown(live) == shown(value) or "float" in repr(typed.annotation)  # an int for a float is one in the end
    jsontext.parse(text)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (datetime, datetime(2026, 1, 1, tzinfo=timezone(timedelta(microseconds=1)))),
        (time, time(1, tzinfo=timezone(timedelta(microseconds=1)))),
    ],
    ids=str,
)
def test_offset_that_python_does_not_read_back_is_refused(annotation: Any, value: Any) -> None:
    with pytest.raises(SerdesError, match=r"^result: has an offset from UTC that its ISO text does not keep"):
        ResultForm(Codec(), converter(annotation, owner="f")).store(value)

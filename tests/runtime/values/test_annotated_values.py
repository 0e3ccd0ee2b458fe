"""Random annotated types and values: replay == live == what the body returned, in type and value."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone, tzinfo
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
from perdure_runtime.values.unannotated import json_of
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


class Summer(tzinfo):
    """A zone with a summer time, which has no offset without a day."""

    def utcoffset(self, moment: datetime | None, /) -> timedelta | None:
        return None if moment is None else timedelta(hours=2 if 3 < moment.month < 10 else 1)

    def dst(self, _: datetime | None, /) -> None:
        return None

    def tzname(self, _: datetime | None, /) -> str:
        return "Summer"


class Broken(Summer):
    def utcoffset(self, moment: datetime | None, /) -> timedelta:
        assert moment is not None
        return timedelta(hours=1)


@pytest.mark.parametrize("annotation", [Any, datetime, list[datetime], dict[str, Any]])
@pytest.mark.parametrize("zone", [Summer(), Broken()])
def test_a_zone_whose_offset_depends_on_the_day_is_refused(annotation: Any, zone: tzinfo) -> None:
    value: Any = datetime(2026, 7, 1, tzinfo=zone)
    value = {list[datetime]: [value], dict[str, Any]: {"a": value}}.get(annotation, value)
    with pytest.raises(SerdesError, match=r"^result.*: has the time zone .*, whose offset depends on the day"):
        ResultForm(Codec(), converter(annotation, owner="f")).store(value)


def test_whoever_reads_json_gets_the_offset_of_any_zone() -> None:
    assert json_of({"at": datetime(2026, 7, 1, tzinfo=Summer())}) == {"at": "2026-07-01T00:00:00+02:00"}


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

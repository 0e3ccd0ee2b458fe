from __future__ import annotations

import json

import pytest

from perdure_local.loglines import said
from support.story import Story

RECORD = {"timestamp": "2026-01-01T00:00:00.000Z", "level": "INFO", "logger": "perdure", "requestId": "r1"}


def shown(text: str) -> str | None:
    moment = said(Story().wrote(text), 7.0)
    return None if moment is None else f"{moment.level} {moment.text}"


def record(**fields: object) -> str:
    return json.dumps(RECORD | fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("printed", "None printed"),
        ('{"order": 7}', 'None {"order": 7}'),
        ('{"order": 7', 'None {"order": 7'),
        ("[1, 2]", "None [1, 2]"),
        (record(message="hello"), "INFO hello"),
        (record(message="hello", level="WARNING"), "WARNING hello"),
        (
            record(message="hello", order=7, by="me", note="two words", empty=""),
            'INFO hello  order=7 by=me note="two words" empty=""',
        ),
        (record(message="hello", executionArn="arn", operationId="1", operationName="pack", attempt=1), "INFO hello"),
        (record(message="hello", event="sold"), "INFO hello  event=sold"),
        (record(message={"order": 7}), 'INFO {"order":7}'),
        (record(event="sold", level="info", order=7), "INFO sold  order=7"),
        (
            record(message="it broke", errorType="KeyError", errorMessage="x"),
            "INFO it broke  errorType=KeyError errorMessage=x",
        ),
    ],
)
def test_a_record_is_its_message_and_the_fields_of_its_writer(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        record(message="attempt 1 of 'label' (73776e3e) failed; the next one is due in 2 s", errorType="E"),
        record(message="attempt 2 of 'label' (73776e3e) failed, the last one", errorType="E"),
        record(message="the execution failed", errorType="E"),
        record(errorType="Runtime.ImportModuleError", errorMessage="Unable to import module", stackTrace=[]),
    ],
)
def test_what_a_moment_of_its_own_tells_is_not_told_twice(text: str) -> None:
    assert shown(text) is None


@pytest.mark.parametrize(
    "text",
    [
        record(order=7),
        record(order=7, logger="shop", errorType="E", errorMessage="a record of the user's own"),
        record(message="hello", level=30),
        record(message="deep", nested=0).replace("0}", "[" * 300 + "]" * 300 + "}"),
        record(message=0).replace(": 0}", ": " + "[" * 900 + "]" * 900 + "}"),
    ],
)
def test_what_cannot_be_made_short_is_shown_as_it_was_written(text: str) -> None:
    assert shown(text) == f"None {text}"


def test_the_user_may_say_what_the_engine_says() -> None:
    assert shown(record(message="the execution failed", logger="shop", errorType="E")) is not None
    assert shown(record(message="the execution failed")) is not None

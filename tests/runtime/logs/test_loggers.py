from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import pytest

from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.scope import SCOPE, LogScope
from perdure_runtime.logs.settings import begin_invocation
from support.log_output import raised

if TYPE_CHECKING:
    from perdure.contexts import Logger


def test_durable_logger_is_a_logger_of_the_sdk(scope):
    logger: Logger = DurableLogger(scope)
    assert callable(logger.bind)


def test_line_has_exactly_these_fields_in_this_order(output, scope):
    begin_invocation("rid-1", "tenant-7")
    DurableLogger(scope).info("charged %s", "visa", cents=120)
    (record,) = output.records
    assert list(record.items()) == [
        ("timestamp", "2026-05-29T12:00:00.123Z"),
        ("level", "INFO"),
        ("message", "charged visa"),
        ("logger", "perdure"),
        ("requestId", "rid-1"),
        ("executionArn", "arn:execution"),
        ("operationId", "0a1b2c3d4e5f"),
        ("operationName", "charge"),
        ("parentId", "9f8e"),
        ("attempt", 2),
        ("tenantId", "tenant-7"),
        ("cents", 120),
    ]


def test_unknown_facts_are_left_out(output):
    DurableLogger(LogScope("arn:execution")).info("started")
    assert list(output.records[0]) == ["timestamp", "level", "message", "logger", "requestId", "executionArn"]


def test_body_that_outlives_its_invocation_keeps_its_request_id(output):
    scope = LogScope("arn", request_id="rid-0")
    DurableLogger(scope).info("late")
    assert output.records[0]["requestId"] == "rid-0"


@pytest.mark.parametrize(
    ("method", "level"),
    [
        ("debug", "DEBUG"),
        ("info", "INFO"),
        ("warning", "WARNING"),
        ("error", "ERROR"),
        ("critical", "CRITICAL"),
        ("exception", "ERROR"),
    ],
)
def test_each_method_writes_its_level(output, scope, method, level):
    output.configure(AWS_LAMBDA_LOG_LEVEL="TRACE")
    getattr(DurableLogger(scope), method)("here")
    assert [(record["level"], record["message"]) for record in output.records] == [(level, "here")]


@pytest.mark.parametrize(
    ("number", "level"),
    [(5, "DEBUG"), (10, "DEBUG"), (25, "INFO"), (30, "WARNING"), (50, "CRITICAL"), (70, "CRITICAL")],
)
def test_numbers_between_levels_belong_to_the_lower_one(output, scope, number, level):
    output.configure(AWS_LAMBDA_LOG_LEVEL="TRACE")
    DurableLogger(scope).log(number, "here")
    assert output.records[0]["level"] == level


@pytest.mark.parametrize(
    ("named", "written"),
    [
        ("TRACE", ["debug", "info", "warning", "error", "critical"]),
        ("DEBUG", ["debug", "info", "warning", "error", "critical"]),
        ("", ["info", "warning", "error", "critical"]),
        ("no such level", ["info", "warning", "error", "critical"]),
        ("info", ["info", "warning", "error", "critical"]),
        ("WARN", ["warning", "error", "critical"]),
        ("WARNING", ["warning", "error", "critical"]),
        ("ERROR", ["error", "critical"]),
        ("FATAL", ["critical"]),
        ("CRITICAL", ["critical"]),
    ],
)
def test_level_of_the_environment_decides_what_is_written(output, scope, named, written):
    output.configure(AWS_LAMBDA_LOG_LEVEL=named)
    logger = DurableLogger(scope)
    for method in ("debug", "info", "warning", "error", "critical"):
        getattr(logger, method)(method)
    assert output.messages == written


def test_is_enabled_for_tells_level_and_replay(output):
    scope = LogScope("arn", replaying=True)
    logger = DurableLogger(scope)
    assert not logger.isEnabledFor(logging.CRITICAL)
    scope.replaying = False
    assert logger.isEnabledFor(logging.INFO)
    assert not logger.isEnabledFor(logging.DEBUG)


def test_replay_writes_nothing_and_what_follows_does(output):
    scope = LogScope("arn", replaying=True)
    logger = DurableLogger(scope).bind(order=7)
    for method in ("debug", "info", "warning", "error", "critical", "exception"):
        getattr(logger, method)("again")
    logger.log(logging.ERROR, "again")
    scope.replaying = False
    logger.info("new")
    assert output.messages == ["new"]


def test_replayed_call_does_not_look_at_its_arguments(output):
    class Costly:
        def __str__(self):
            raise AssertionError

    DurableLogger(LogScope("arn", replaying=True)).info("%s", Costly(), field=Costly())
    assert output.text == ""


@pytest.mark.parametrize("how", ["scope", "environment", "call"])
def test_replays_are_shown_when_asked_for(output, how):
    if how == "environment":
        output.configure(PERDURE_LOG_REPLAYS="1")
    if how == "call":
        output.configure(mode_aware=False)
    DurableLogger(LogScope("arn", replaying=True, show_replays=how == "scope")).info("again")
    assert output.messages == ["again"]


def test_mode_aware_call_outranks_the_environment(output):
    output.configure(mode_aware=True, PERDURE_LOG_REPLAYS="1")
    DurableLogger(LogScope("arn", replaying=True)).info("again")
    assert output.text == ""


def test_bound_fields_are_on_every_line_of_that_logger_only(output, scope):
    logger = DurableLogger(scope, [("order", 7)])
    bound = logger.bind(customer="ada").bind(order=8)
    bound.info("one", step=1)
    logger.info("two")
    one, two = output.records
    assert (one["order"], one["customer"], one["step"]) == (8, "ada", 1)
    assert two["order"] == 7
    assert "customer" not in two


def test_bound_logger_follows_its_scope_out_of_replay(output):
    scope = LogScope("arn", replaying=True)
    bound = DurableLogger(scope).bind(order=7)
    bound.info("again")
    scope.replaying = False
    bound.info("new")
    assert output.messages == ["new"]


@pytest.mark.parametrize(
    ("event", "args", "message"),
    [
        ("plain 100%", (), "plain 100%"),
        ("%s of %d", ("a", 3), "a of 3"),
        ("%(name)s", ({"name": "ada"},), "ada"),
        ("%s", ({},), "{}"),
        ("%d", ("three",), "%d three"),
        ("no place", ("left", 2), "no place left 2"),
    ],
)
def test_arguments_are_formatted_or_appended_and_never_raise(output, scope, event, args, message):
    DurableLogger(scope).info(event, *args)
    assert output.messages == [message]


def test_exception_tells_type_message_and_frames(output, scope):
    try:
        int("bad card")
    except ValueError:
        DurableLogger(scope).exception("failed", card="visa")
    (record,) = output.records
    assert list(record)[-4:] == ["card", "errorType", "errorMessage", "stackTrace"]
    assert (record["errorType"], record["errorMessage"]) == (
        "ValueError",
        "invalid literal for int() with base 10: 'bad card'",
    )
    assert len(record["stackTrace"]) == 1
    assert 'int("bad card")' in record["stackTrace"][0]
    assert record["level"] == "ERROR"


@pytest.mark.parametrize("form", ["error", "tuple"])
def test_exc_info_takes_an_exception_or_what_sys_gives(output, scope, form):
    error = raised(KeyError("k"))
    exc_info = error if form == "error" else (type(error), error, error.__traceback__)
    DurableLogger(scope).warning("odd", exc_info=exc_info)
    assert output.records[0]["errorType"] == "KeyError"


@pytest.mark.parametrize("exc_info", [True, False, None, (None, None, None)])
def test_no_exception_means_no_error_fields(output, scope, exc_info):
    assert sys.exc_info()[1] is None
    DurableLogger(scope).error("odd", exc_info=exc_info)
    assert "errorType" not in output.records[0]


def test_stack_info_shows_the_callers_frames(output, scope):
    DurableLogger(scope).info("here", stack_info=True)
    stack = output.records[0]["stack"]
    assert "test_stack_info_shows_the_callers_frames" in stack
    assert "perdure_runtime/logs" not in stack


def test_keywords_of_the_standard_library_are_understood(output, scope):
    DurableLogger(scope).info("here", extra={"order": 7}, stacklevel=2)
    assert output.records[0]["order"] == 7
    assert not {"extra", "stacklevel"} & set(output.records[0])


@pytest.mark.parametrize(
    "name", ["timestamp", "level", "message", "executionArn", "attempt", "requestId", "event", "method_name", "self"]
)
def test_field_with_a_taken_name_is_kept_beside_it(output, scope, name):
    DurableLogger(scope, {name: "mine"}).info("here")
    (record,) = output.records
    assert (record[name + "_"], record["message"], record["executionArn"]) == ("mine", "here", "arn:execution")


def test_field_named_logger_names_the_logger(output, scope):
    DurableLogger(scope).bind(logger="shop.orders").info("here")
    assert output.records[0]["logger"] == "shop.orders"


def test_scope_in_force_is_restored_after_a_line(output, scope):
    outer = LogScope("arn:outer")
    token = SCOPE.set(outer)
    DurableLogger(scope).info("here")
    assert SCOPE.get() is outer
    SCOPE.reset(token)


def test_logger_shows_scope_and_fields(scope):
    assert (
        repr(DurableLogger(scope, {"a": 1})) == "<DurableLogger <LogScope charge attempt=2 replaying=False> {'a': 1}>"
    )

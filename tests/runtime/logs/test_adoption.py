from __future__ import annotations

import io
import json
import logging

import pytest
import structlog
from structlog.testing import capture_logs

from perdure_runtime.logs.adoption import adopt
from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.processors import CHAIN, add_execution, drop_replayed
from perdure_runtime.logs.scope import SCOPE, LogScope
from perdure_runtime.logs.settings import begin_invocation, configure

REPLAY = LogScope("arn:execution", replaying=True)


@pytest.fixture
def within(scope):
    """Sets the scope in force, for this test."""
    tokens = []
    yield lambda of=scope: tokens.append(SCOPE.set(of))
    for token in reversed(tokens):
        SCOPE.reset(token)


def test_unconfigured_structlog_writes_lambdas_lines(output, within):
    within()
    structlog.get_logger().info("hello", cents=1)
    (record,) = output.records
    assert list(record) == [
        *("timestamp", "level", "message", "requestId", "executionArn"),
        *("operationId", "operationName", "parentId", "attempt", "cents"),
    ]


def test_unconfigured_structlog_is_silent_in_replay(output, within):
    logger = structlog.get_logger()
    within(REPLAY)
    logger.error("again")
    within(LogScope("arn:execution"))
    logger.error("new")
    assert output.messages == ["new"]


def test_unconfigured_structlog_keeps_the_level_of_the_environment(output):
    logger = structlog.get_logger()
    logger.debug("no")
    logger.msg("yes")
    output.configure(AWS_LAMBDA_LOG_LEVEL="ERROR")
    logger.warn("no")  # noqa: G010  an alias that structlog keeps
    logger.exception("failed")  # noqa: LOG004  structlog's own name for a level
    assert output.messages == ["yes", "failed"]


def test_context_variables_of_structlog_are_merged(output, scope):
    with structlog.contextvars.bound_contextvars(order=7):
        DurableLogger(scope).info("hello")
    assert output.records[0]["order"] == 7


def test_adopting_leaves_structlog_unconfigured(output):
    assert not structlog.is_configured()
    assert structlog.get_config()["processors"] == CHAIN
    structlog.configure_once(processors=[structlog.processors.JSONRenderer()])
    assert structlog.is_configured()


def test_logger_made_before_is_adopted_too():
    structlog.reset_defaults()
    stream = io.StringIO()
    logger = structlog.get_logger().bind(order=7)
    configure({"AWS_LAMBDA_LOG_FORMAT": "JSON"}, stream=stream)
    logger.info("hello")
    assert json.loads(stream.getvalue())["order"] == 7


def configured(stream, processors, **options):
    structlog.configure(processors=processors, logger_factory=structlog.WriteLoggerFactory(stream), **options)


@pytest.mark.parametrize("kind", [list, tuple])
def test_chain_of_the_user_writes_and_gets_what_it_lacks(output, within, scope, kind):
    theirs = io.StringIO()
    configured(theirs, kind([structlog.processors.add_log_level, structlog.processors.JSONRenderer()]))
    begin_invocation("rid-2")
    within(REPLAY)
    structlog.get_logger().info("again")
    DurableLogger(REPLAY).info("again")
    within()
    structlog.get_logger().info("direct", cents=1)
    DurableLogger(scope).info("durable %d", 7, cents=2)
    direct, durable = [json.loads(line) for line in theirs.getvalue().splitlines()]
    assert (direct["event"], direct["executionArn"], direct["requestId"]) == ("direct", "arn:execution", "rid-2")
    assert (durable["event"], durable["level"], durable["attempt"], durable["cents"]) == ("durable 7", "info", 2, 2)
    assert output.text == ""


def test_chain_with_our_processors_stays_as_it_is(output):
    mine = [drop_replayed, structlog.processors.JSONRenderer()]
    before = mine[:]
    configured(io.StringIO(), mine)
    adopt()
    assert mine == before


def test_processor_the_chain_has_is_not_added_again(output):
    mine = [add_execution, structlog.processors.JSONRenderer()]
    configured(io.StringIO(), mine)
    adopt()
    adopt()
    assert mine[:2] == [drop_replayed, add_execution]
    assert len(mine) == 3


def test_configuration_made_after_the_first_line_rules_the_next(output, scope):
    DurableLogger(scope).info("ours")
    theirs = io.StringIO()
    configured(theirs, [structlog.processors.JSONRenderer()])
    DurableLogger(scope).info("theirs")
    assert output.messages == ["ours"]
    assert json.loads(theirs.getvalue())["executionArn"] == "arn:execution"


def test_wrapper_of_the_user_filters_with_our_chain(output, scope):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    DurableLogger(scope).info("no")
    DurableLogger(scope).error("yes")
    assert output.messages == ["yes"]


def test_structlog_over_logging_goes_through_once(root, output, scope):
    structlog.configure(
        processors=[structlog.stdlib.add_logger_name, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    DurableLogger(scope).error("hello", cents=1)
    (record,) = output.records
    assert (record["message"], record["logger"], record["cents"]) == ("hello", "perdure", 1)
    assert (record["executionArn"], record["attempt"]) == ("arn:execution", 2)


def test_lines_are_captured_by_structlogs_test_tool(output, scope):
    with capture_logs() as captured:
        DurableLogger(scope).warning("hello", cents=1)
    (line,) = captured
    assert (line["event"], line["log_level"], line["cents"]) == ("hello", "warning", 1)
    DurableLogger(scope).info("later")
    assert output.messages == ["later"]

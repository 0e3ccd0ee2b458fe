from __future__ import annotations

import io
import json
import logging
import logging.handlers
import queue
import sys
import threading
from contextlib import contextmanager

import pytest
from awslambdaric import bootstrap as awslambdaric_bootstrap
from awslambdaric.lambda_runtime_log_utils import JsonFormatter, LogFormat

from perdure_runtime.logs import standard
from perdure_runtime.logs.scope import SCOPE, LogScope
from perdure_runtime.logs.settings import begin_invocation, configure
from support.log_output import bare_root


@contextmanager
def inside(scope):
    token = SCOPE.set(scope)
    try:
        yield
    finally:
        SCOPE.reset(token)


@contextmanager
def logger_of_its_own(name="shop.audit", formatter=None):
    """A logger that does not propagate, with a handler of its own."""
    logger, stream = logging.getLogger(name), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield logger, stream
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


REPLAY = LogScope("arn:execution", replaying=True)


def test_record_has_the_schema_of_every_line(root, output, scope):
    logger = logging.getLogger("shop.orders")
    with inside(scope):
        logger.warning("charged %s", "visa", extra={"cents": 120, "rate": float("nan")})
    (record,) = output.records
    timestamp = record.pop("timestamp")
    assert timestamp.endswith("Z")
    assert len(timestamp) == len("2026-05-29T12:00:00.123Z")
    assert list(record.items()) == [
        ("level", "WARNING"),
        ("message", "charged visa"),
        ("logger", "shop.orders"),
        ("requestId", "rid-1"),
        ("executionArn", "arn:execution"),
        ("operationId", "0a1b2c3d4e5f"),
        ("operationName", "charge"),
        ("parentId", "9f8e"),
        ("attempt", 2),
        ("cents", 120),
        ("rate", "nan"),
    ]


def test_replayed_records_are_dropped_and_new_ones_are_not(root, output):
    scope = LogScope("arn", replaying=True)
    with inside(scope):
        logging.getLogger("shop").error("again")
        logging.getLogger().error("again")
        scope.replaying = False
        logging.getLogger("shop").error("new")
    assert output.messages == ["new"]


@pytest.mark.parametrize("how", ["scope", "environment"])
def test_replayed_records_are_shown_when_asked_for(root, output, how):
    if how == "environment":
        output.configure(PERDURE_LOG_REPLAYS="true")
    with inside(LogScope("arn", replaying=True, show_replays=how == "scope")):
        logging.getLogger("shop").error("again")
    assert output.messages == ["again"]


def test_logger_with_handlers_of_its_own_is_silent_in_replay(root):
    with logger_of_its_own() as (logger, stream):
        with inside(REPLAY):
            logger.error("again")
        logger.error("new")
    assert stream.getvalue() == "new\n"


def test_logger_of_another_class_is_silent_in_replay(root):
    class Own(logging.Logger):
        pass

    logger, stream = Own("own"), io.StringIO()
    logger.addHandler(logging.StreamHandler(stream))
    with inside(REPLAY):
        logger.error("again")
        logging.LoggerAdapter(logger, {}).error("again")
    assert stream.getvalue() == ""


def test_queue_handler_sees_no_replayed_record(root):
    waiting = queue.SimpleQueue()
    logger = logging.getLogger("shop.queued")
    handler = logging.handlers.QueueHandler(waiting)
    logger.addHandler(handler)
    with inside(REPLAY):
        logger.error("again")
    logger.removeHandler(handler)
    assert waiting.empty()


def test_origin_reaches_formatters_of_the_user(root, scope):
    formatter = logging.Formatter("%(executionArn)s/%(operationName)s/%(attempt)s %(message)s")
    with logger_of_its_own(formatter=formatter) as (logger, stream), inside(scope):
        logger.error("new")
    assert stream.getvalue() == "arn:execution/charge/2 new\n"


def test_extra_may_be_named_like_an_origin(root, output, scope):
    with inside(scope):
        logging.getLogger("shop").error("new", extra={"attempt": 9, "executionArn": "arn:execution"})
    (record,) = output.records
    assert (record["attempt"], record["attempt_"], record["executionArn"]) == (2, 9, "arn:execution")


def test_record_handled_twice_keeps_its_fields(root, output, scope):
    record = logging.makeLogRecord({"msg": "twice", "levelno": 40, "levelname": "ERROR", "name": "shop"})
    with inside(scope):
        logging.getLogger("shop").handle(record)
        logging.getLogger("shop").handle(record)
    one, two = output.records
    assert one == two


def test_thread_of_the_user_logs_without_operation_fields(root, output):
    with inside(REPLAY):
        thread = threading.Thread(target=lambda: logging.getLogger("shop").error("aside"))
        thread.start()
        thread.join()
    assert list(output.records[0]) == ["timestamp", "level", "message", "logger", "requestId"]


def test_exception_and_stack_are_in_the_record(root, output):
    try:
        int("bad\ncard")
    except ValueError:
        logging.getLogger("shop").exception("failed", stack_info=True)
    (record,) = output.records
    assert (record["errorType"], record["errorMessage"]) == (
        "ValueError",
        "invalid literal for int() with base 10: 'bad\\ncard'",
    )
    assert "int(" in record["stackTrace"][0]
    assert record["stack"].startswith("Stack (most recent call last)")


def test_message_that_is_a_mapping_stays_an_object(root, output):
    logging.getLogger("shop").error({"order": 7})
    assert output.messages == [{"order": 7}]


def test_text_record_has_lambdas_shape_in_one_line(root, output, scope):
    output.configure("Text")
    with inside(scope):
        logging.getLogger("shop").error("two\n  lines", extra={"cents": 1})
    (line,) = output.lines
    level, timestamp, request, message = line.split("\t")
    assert (level, request) == ("[ERROR]", "rid-1")
    assert timestamp.endswith("Z")
    assert message.startswith("two\r\u00a0\u00a0lines cents=1 executionArn=arn:execution operationId=")


def test_bad_format_is_reported_by_logging_and_raises_nothing(output, capsys):
    with bare_root():
        output.configure()
        logging.getLogger("shop").error("%d", "three")
    assert output.text == ""
    assert "Logging error" in capsys.readouterr().err


def test_formatter_of_the_user_on_our_handler_is_used(root, output):
    root.handlers[0].setFormatter(logging.Formatter("mine %(message)s"))
    logging.getLogger("shop").error("hello")
    assert output.text == "mine hello\n"


@pytest.mark.parametrize(("named", "level"), [("", logging.WARNING), ("DEBUG", 10), ("TRACE", 5), ("FATAL", 50)])
def test_root_takes_the_level_only_where_one_is_named(output, named, level):
    with bare_root() as root:
        output.configure(AWS_LAMBDA_LOG_LEVEL=named)
        assert root.level == level


def test_level_the_user_set_stays(output):
    with bare_root() as root:
        root.setLevel(logging.ERROR)
        output.configure(AWS_LAMBDA_LOG_LEVEL="DEBUG")
        assert root.level == logging.ERROR


def test_covering_twice_changes_nothing(output):
    with bare_root() as root:
        standard.cover()
        handle = logging.Logger.handle
        standard.cover()
        output.configure()
        assert logging.Logger.handle is handle
        assert len(root.handlers) == 1
        logging.getLogger("shop").error("once")
    assert output.messages == ["once"]


def test_uncover_gives_logging_back():
    before = logging.Logger.handle
    with bare_root() as root:
        standard.cover()
        standard.uncover()
        standard.uncover()
        assert root.handlers == []
    assert logging.Logger.handle is before


def test_bare_basic_config_is_replaced(output):
    with bare_root() as root:
        logging.basicConfig(level=logging.INFO)
        output.configure()
        logging.getLogger("shop").info("hello")
        assert [type(handler) for handler in root.handlers] == [standard.LambdaHandler]
    assert output.messages == ["hello"]


@pytest.mark.parametrize("options", [{"format": "%(message)s"}, {"stream": sys.__stdout__}])
def test_handler_chosen_with_care_stays_alone(output, options):
    with bare_root() as root:
        logging.basicConfig(**options)
        chosen = root.handlers[:]
        output.configure()
        assert root.handlers == chosen


@pytest.mark.parametrize("log_format", ["JSON", "TEXT"])
def test_awslambdarics_handler_is_not_doubled_and_knows_the_origin(log_format, capsys, scope):
    converter = logging.Formatter.converter
    with bare_root() as root:
        sink = awslambdaric_bootstrap.StandardLogSink()
        awslambdaric_bootstrap._setup_logging(LogFormat.from_str(log_format), "INFO", sink)
        configure({"AWS_LAMBDA_LOG_FORMAT": log_format})
        begin_invocation("rid-1")
        assert len(root.handlers) == 1
        with inside(REPLAY):
            logging.getLogger("shop").error("again")
        with inside(scope):
            logging.getLogger("shop").error("new")
    logging.Formatter.converter = converter
    (line,) = capsys.readouterr().out.splitlines()
    if log_format == "JSON":
        record = json.loads(line)
        assert (record["message"], record["executionArn"], record["attempt"]) == ("new", "arn:execution", 2)
    else:
        assert line.endswith("\tnew")


def test_awslambdarics_json_schema_is_a_part_of_ours(root, output):
    record = logging.makeLogRecord({"msg": "hi", "levelno": 40, "levelname": "ERROR", "name": "shop"})
    record.aws_request_id, record.tenant_id = "rid-1", None
    logging.getLogger("shop").handle(record)
    (ours,) = output.records
    theirs = json.loads(JsonFormatter().format(record))
    assert set(ours) == set(theirs)
    assert {key: ours[key] for key in theirs if key != "timestamp"} == {
        key: theirs[key] for key in theirs if key != "timestamp"
    }

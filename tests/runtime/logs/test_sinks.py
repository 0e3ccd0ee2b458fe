from __future__ import annotations

import io
import logging
import os
import sys
import threading

import pytest
from awslambdaric import bootstrap as awslambdaric_bootstrap

from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.settings import SETTINGS, configure
from perdure_runtime.logs.sinks import FrameSink, StreamSink, frame_type, put
from support.log_output import NOON, bare_root

MICROS = int(NOON * 1_000_000).to_bytes(8, "big")


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    ends = [reader, writer]
    yield reader, writer
    for end in ends:
        os.close(end)


@pytest.mark.parametrize(
    ("form", "level", "method", "kind"),
    [
        ("JSON", "DEBUG", "debug", "a55a000a"),
        ("JSON", "", "info", "a55a000e"),
        ("JSON", "", "warning", "a55a0012"),
        ("JSON", "", "error", "a55a0016"),
        ("JSON", "", "critical", "a55a001a"),
        ("Text", "DEBUG", "debug", "a55a000b"),
        ("Text", "INFO", "info", "a55a000f"),
        ("Text", "INFO", "warning", "a55a0013"),
        ("Text", "INFO", "error", "a55a0017"),
        ("Text", "INFO", "critical", "a55a001b"),
        ("Text", "", "info", "a55a0003"),
        ("Text", "", "critical", "a55a0003"),
    ],
)
def test_frame_is_type_length_time_and_message(pipe, scope, form, level, method, kind):
    reader, writer = pipe
    environ = {
        "AWS_LAMBDA_LOG_FORMAT": form,
        "AWS_LAMBDA_LOG_LEVEL": level,
        "_LAMBDA_TELEMETRY_LOG_FD": str(writer),
        "OTHER": "kept",
    }
    configure(environ, clock=lambda: NOON)
    assert "_LAMBDA_TELEMETRY_LOG_FD" not in environ
    assert environ["OTHER"] == "kept"
    getattr(DurableLogger(scope), method)("grüße\nzwei")
    frame = os.read(reader, 65536)
    message = frame[16:]
    assert frame[:4].hex() == kind
    assert int.from_bytes(frame[4:8], "big") == len(message)
    assert frame[8:16] == MICROS
    assert "grüße".encode() in message
    assert message.endswith(b"\n")


def test_telemetry_descriptor_outlives_another_configure(pipe, scope):
    reader, writer = pipe
    environ = {"_LAMBDA_TELEMETRY_LOG_FD": str(writer)}
    configure(environ)
    configure(environ)
    DurableLogger(scope).info("hello")
    assert b"hello" in os.read(reader, 65536)


def test_frame_types_are_awslambdarics():
    table = awslambdaric_bootstrap
    for level in (10, 20, 30, 40, 50):
        SETTINGS.as_json, SETTINGS.named_level = True, None
        assert frame_type(level) == table._JSON_FRAME_TYPES[level]
        SETTINGS.as_json, SETTINGS.named_level = False, 20
        assert frame_type(level) == table._TEXT_FRAME_TYPES[level]
        SETTINGS.named_level = None
        assert frame_type(level) == table._DEFAULT_FRAME_TYPE


def test_long_record_is_one_write_to_the_descriptor(pipe, monkeypatch):
    _, writer = pipe
    writes = []
    monkeypatch.setattr(os, "write", lambda descriptor, data: writes.append((descriptor, len(data))) or len(data))
    with open(writer, "w", encoding="utf-8", closefd=False) as stream:
        StreamSink(stream).write("x" * 50_000 + "\n", 20)
    assert writes == [(writer, 50_001)]


def test_what_is_printed_before_a_line_stands_before_it(pipe):
    reader, writer = pipe
    with open(writer, "w", encoding="utf-8", closefd=False) as stream:
        print("printed", file=stream)
        StreamSink(stream).write("logged\n", 20)
        print("printed again", file=stream)
    assert os.read(reader, 65536) == b"printed\nlogged\nprinted again\n"


def test_standard_output_is_looked_up_at_each_line(monkeypatch):
    sink = StreamSink(None)
    first, second = io.StringIO(), io.StringIO()
    for stream in (first, second):
        monkeypatch.setattr(sys, "stdout", stream)
        sink.write("here\n", 20)
    assert (first.getvalue(), second.getvalue()) == ("here\n", "here\n")


def test_no_standard_output_means_no_line(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    StreamSink(None).write("here\n", 20)


def test_line_that_cannot_be_written_fails_nothing(scope):
    closed = io.StringIO()
    closed.close()
    configure({}, stream=closed)
    DurableLogger(scope).info("hello")
    reader, writer = os.pipe()
    os.close(reader)
    SETTINGS.sink = FrameSink(writer)
    put("hello\n", 20)
    os.close(writer)


def test_lone_surrogate_does_not_lose_the_line(pipe, scope):
    reader, writer = pipe
    configure({"AWS_LAMBDA_LOG_FORMAT": "JSON", "_LAMBDA_TELEMETRY_LOG_FD": str(writer)})
    DurableLogger(scope).info("odd \ud800")
    assert b"odd \\ud800" in os.read(reader, 65536)


def test_lines_of_several_threads_stay_whole(output, scope):
    logger = DurableLogger(scope)
    threads = [threading.Thread(target=lambda n=n: [logger.info("x" * 500, n=n) for _ in range(50)]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(output.records) == 200


@pytest.mark.parametrize("framed", [False, True])
def test_sink_of_awslambdaric_is_used_under_it(framed, pipe, capsys, scope):
    reader, writer = pipe
    sink = (
        awslambdaric_bootstrap.FramedTelemetryLogSink(os.dup(writer))
        if framed
        else awslambdaric_bootstrap.StandardLogSink()
    )
    with bare_root() as root, sink:
        root.addHandler(awslambdaric_bootstrap.LambdaLoggerHandlerWithFrameType(sink))
        configure({"AWS_LAMBDA_LOG_FORMAT": "JSON"})
        DurableLogger(scope).warning("hello")
        logging.getLogger().removeHandler(root.handlers[0])
    if framed:
        frame = os.read(reader, 65536)
        assert frame[:4].hex() == "a55a0012"
        assert b"hello" in frame
    else:
        assert '"message": "hello"' in capsys.readouterr().out


def test_standard_output_is_the_sink_where_nothing_else_is(capsys, scope):
    configure({"AWS_LAMBDA_LOG_FORMAT": "JSON"})
    DurableLogger(scope).info("hello")
    assert '"message": "hello"' in capsys.readouterr().out


def test_stream_without_a_descriptor_is_written_as_a_stream():
    class Undescribed(io.TextIOWrapper):
        def fileno(self):
            raise io.UnsupportedOperation

    raw = io.BytesIO()
    stream = Undescribed(raw, encoding="utf-8")
    StreamSink(stream).write("here\n", 20)
    assert raw.getvalue() == b"here\n"


def test_sink_is_chosen_without_importing_logging(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "logging")
    put("hello\n", 20)
    assert capsys.readouterr().out == "hello\n"

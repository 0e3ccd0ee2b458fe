from __future__ import annotations

import json
from collections.abc import Callable
from typing import NoReturn

import pytest

from perdure_bootstrap.faults import Fault
from perdure_bootstrap.plain import PlainHandler
from perdure_bootstrap.reports import Report, error_line, report_of
from perdure_bootstrap.runtime_api import Invocation
from perdure_bootstrap.socket_api import SocketRuntimeApi

NOW = 1_795_260_452.225


def caught(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except BaseException as error:  # noqa: BLE001
        return error
    raise AssertionError("nothing was raised")


def fail() -> NoReturn:
    raise KeyError("k")


def test_report_has_lambdas_keys_in_lambdas_order() -> None:
    fields = report_of(caught(fail), "rid").fields()
    assert list(fields) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (fields["errorMessage"], fields["errorType"], fields["requestId"]) == ("'k'", "KeyError", "rid")
    line = fail.__code__.co_firstlineno + 1
    assert fields["stackTrace"][-1] == f'  File "{__file__}", line {line}, in fail\n    raise KeyError("k")\n'


def test_traceback_begins_in_the_users_code() -> None:
    handler = PlainHandler(lambda _event, _context: fail())
    error = caught(lambda: handler(Invocation("r", 0, b"{}"), None))  # type: ignore[arg-type]
    # The frame of `caught` stands before ours here; under the loop ours come first.
    error.__traceback__ = error.__traceback__.tb_next.tb_next  # type: ignore[union-attr]
    assert [frame.label for frame in report_of(error).frames] == ["<lambda>", "fail"]


def test_traceback_of_an_error_of_ours_is_kept() -> None:
    error = caught(lambda: SocketRuntimeApi("nowhere"))
    error.__traceback__ = error.__traceback__.tb_next.tb_next  # type: ignore[union-attr]
    assert [frame.label for frame in report_of(error).frames] == ["__init__", "opener"]


def test_fault_is_reported_by_its_kind_without_frames() -> None:
    report = report_of(Fault("Runtime.MarshalError", "no", ("  line",)), "rid")
    assert report == Report("Runtime.MarshalError", "no", "rid", ("  line",))
    assert json.loads(report.cause("/var/task")) == {
        "working_directory": "/var/task",
        "exceptions": [{"message": "no", "type": "LambdaValidationError", "stack": []}],
        "paths": [],
    }


@pytest.mark.parametrize(
    ("error", "request_id", "message"),
    [
        (SystemExit(), "rid", "RequestId: rid Error: Runtime exited with error: exit status 0"),
        (SystemExit(3), "rid", "RequestId: rid Error: Runtime exited with error: exit status 3"),
        (SystemExit("no key"), "rid", "RequestId: rid Error: Runtime exited with error: exit status 1: no key"),
        (SystemExit(3), "", "Error: Runtime exited with error: exit status 3"),
        (KeyboardInterrupt(), "", "Error: Runtime exited with error: KeyboardInterrupt: "),
    ],
)
def test_what_ends_the_process_is_an_exit_error(error: BaseException, request_id: str, message: str) -> None:
    report = report_of(error, request_id)
    assert (report.kind, report.message) == ("Runtime.ExitError", message)


def test_error_that_cannot_be_told_is_told_by_its_class() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert report_of(Mute()).message == "<no message: Mute.__str__ raised ValueError>"


def test_cause_lists_each_path_once() -> None:
    cause = json.loads(report_of(caught(fail)).cause("/"))
    assert cause["paths"] == [__file__]
    assert [frame["label"] for frame in cause["exceptions"][0]["stack"]] == ["caught", "fail"]


def test_text_line_is_one_record_whatever_is_in_it() -> None:
    report = Report("ValueError", "one\ntwo", "rid", ('  File "app.py", line 4, in bad\n    boom()\n',))
    assert error_line(report, NOW, as_json=False) == (
        "[ERROR] ValueError: one\rtwo\rTraceback (most recent call last):\r"
        '\u00a0\u00a0File "app.py", line 4, in bad\r\u00a0\u00a0\u00a0\u00a0boom()\n'
    )


def test_text_line_without_a_message_ends_with_the_type() -> None:
    line = error_line(Report("ValueError", ""), NOW, as_json=False)
    assert line == "[ERROR] ValueError\rTraceback (most recent call last):\n"


def test_json_line_has_the_time_and_level_before_the_report() -> None:
    line = error_line(Report("ValueError", "ü\n", "rid", ("a\n",)), NOW, as_json=True)
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "timestamp": "2026-11-21T11:27:32Z",
        "level": "ERROR",
        "errorMessage": "ü\n",
        "errorType": "ValueError",
        "requestId": "rid",
        "stackTrace": ["a\n"],
    }
    assert line.startswith('{"timestamp": "2026-11-21T11:27:32Z", "level": "ERROR", "errorMessage": "ü')


def test_framed_text_keeps_its_lines() -> None:
    report = Report("ValueError", "boom", "rid", ('  File "app.py", line 4, in bad\n    boom()\n',))
    assert error_line(report, NOW, as_json=False, one_line=False) == (
        '[ERROR] ValueError: boom\nTraceback (most recent call last):\n  File "app.py", line 4, in bad\n    boom()'
    )

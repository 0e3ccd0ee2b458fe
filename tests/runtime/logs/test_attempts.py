from __future__ import annotations

from perdure_runtime.logs.attempts import attempt_failed
from perdure_runtime.logs.scope import LogScope
from support.log_output import raised

ERROR = ValueError("bad\ncard")


def test_attempt_that_is_made_again_is_one_warning_without_a_traceback(output, scope):
    attempt_failed(scope, raised(ERROR), 2.5)
    (record,) = output.records
    assert record["level"] == "WARNING"
    assert record["message"] == "attempt 2 of 'charge' (0a1b2c3d) failed; the next one is due in 2.5 s"
    assert (record["errorType"], record["errorMessage"]) == ("ValueError", "bad\ncard")
    assert "stackTrace" not in record
    assert (record["executionArn"], record["attempt"]) == ("arn:execution", 2)


def test_last_failure_is_an_error_with_its_traceback(output, scope):
    attempt_failed(scope, raised(ERROR), None)
    (record,) = output.records
    assert (record["level"], record["message"]) == ("ERROR", "attempt 2 of 'charge' (0a1b2c3d) failed, the last one")
    assert record["stackTrace"]


def test_operation_without_a_name_goes_by_its_id(output):
    attempt_failed(LogScope("arn", operation_id="0a1b2c3d4e5f"), raised(ERROR), 1)
    assert output.messages == ["attempt 1 of operation 0a1b2c3d failed; the next one is due in 1 s"]


def test_retry_lines_are_plain_text(output, scope):
    attempt_failed(scope, raised(ERROR), 1)
    attempt_failed(scope, raised(ERROR), None)
    assert output.text.isascii()


def test_level_hides_retries(output, scope):
    output.configure(AWS_LAMBDA_LOG_LEVEL="ERROR")
    attempt_failed(scope, raised(ERROR), 1)
    assert output.text == ""


def test_text_record_of_a_retry_is_one_line(output, scope):
    output.configure("Text")
    attempt_failed(scope, raised(ERROR), 1)
    assert len(output.lines) == 1
    assert 'errorMessage="bad\\ncard"' in output.lines[0]

import pytest

from perdure_runtime.service.verdicts import RULES, is_throttling, is_transient, verdict

RETRY, FAIL = True, False


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (502, "KMSAccessDeniedException", "denied", FAIL),
        (502, "KMSDisabledException", "", FAIL),
        (502, "KMSInvalidStateException", "", FAIL),
        (502, "KMSNotFoundException", "", FAIL),
        (400, "KMSNotFoundException", "", FAIL),
        (400, "InvalidParameterValueException", "Invalid checkpoint token", RETRY),
        (400, "InvalidParameterValueException", "Invalid Checkpoint Token: expired", RETRY),
        (400, "InvalidParameterValueException", "INVALID CHECKPOINT TOKEN", RETRY),
        (400, "InvalidParameterValueException", "The invalid checkpoint token", FAIL),
        (400, "InvalidParameterValueException", "Invalid parent operation id.", FAIL),
        (400, "ValidationException", "Invalid checkpoint token", FAIL),
        (404, "InvalidParameterValueException", "Invalid checkpoint token", FAIL),
        (403, "AccessDeniedException", "", FAIL),
        (404, "ResourceNotFoundException", "", FAIL),
        (413, "RequestTooLargeException", "", FAIL),
        (499, "", "", FAIL),
        (429, "TooManyRequestsException", "", RETRY),
        (429, "", "", RETRY),
        (500, "ServiceException", "", RETRY),
        (502, "BadGateway", "", RETRY),
        (503, "", "", RETRY),
        (301, "301", "", RETRY),
        (None, "ConnectionFailed", "", RETRY),
        (None, "EndpointConnectionError", "Could not connect", RETRY),
    ],
)
def test_the_first_row_that_fits_decides(status, code, message, expected):
    assert verdict(status, code, message) is expected


def test_every_row_decides_something():
    deciding = {
        next(row for row, rule in enumerate(RULES) if rule.fits(*case))
        for case in [
            (502, "KMSNotFoundException", ""),
            (400, "InvalidParameterValueException", "invalid checkpoint token"),
            (429, "", ""),
            (400, "", ""),
        ]
    }
    assert deciding == set(range(len(RULES)))


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (None, "ConnectionFailed", True),
        (429, "TooManyRequestsException", True),
        (400, "ThrottlingException", True),
        (500, "ServiceException", True),
        (503, "", True),
        (599, "", True),
        (502, "KMSDisabledException", False),
        (400, "InvalidParameterValueException", False),
        (403, "AccessDeniedException", False),
        (413, "", False),
        (301, "", False),
    ],
)
def test_only_what_may_pass_is_sent_again(status, code, expected):
    assert is_transient(status, code, "") is expected


def test_a_superseded_token_is_not_sent_again():
    assert not is_transient(400, "InvalidParameterValueException", "Invalid checkpoint token")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(429, "", True), (400, "ThrottlingException", True), (503, "SlowDown", True), (500, "", False), (None, "", False)],
)
def test_throttling_is_told_by_status_or_code(status, code, expected):
    assert is_throttling(status, code) is expected

"""Most of a quota is told of, once."""

from perdure_runtime.codecs.quota import Quota
from perdure_runtime.usage import Usage


def test_most_of_a_quota_is_warned_of_once():
    warnings = []
    usage = Usage(warnings.append, Quota(operations=10, size=1000))
    usage.found(
        [
            {"Id": "execution", "Type": "EXECUTION"},
            {"Id": "a", "Type": "STEP", "StepDetails": {"Attempt": 3, "Result": "x" * 100}},
            {"Id": "b", "Type": "WAIT"},
        ]
    )
    for name in "cdef":
        usage.wrote({"Id": name, "Action": "START"}, 10)
    assert len(warnings) == 1
    assert warnings[0].startswith("8 of the 10 operations")
    usage.wrote({"Id": "f", "Action": "RETRY"}, 700)
    assert len(warnings) == 2
    assert "840 of the 1,000 bytes" in warnings[1]

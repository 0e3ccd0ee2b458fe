import pytest

from perdure import JSON, RAW, DurableCallRefused, current_context, current_step
from perdure.contexts import CURRENT_CONTEXT, CURRENT_STEP


def test_outside_a_workflow_there_is_no_context_and_no_step():
    with pytest.raises(DurableCallRefused, match="no durable function is running"):
        current_context()
    with pytest.raises(DurableCallRefused, match="no step is running"):
        current_step()


def test_inside_they_are_what_the_runtime_set():
    for variable, ask in ((CURRENT_CONTEXT, current_context), (CURRENT_STEP, current_step)):
        token = variable.set(marker := object())
        assert ask() is marker
        variable.reset(token)


def test_json_records_plain_json():
    assert JSON.serialize({"a": (1, 2)}) == '{"a": [1, 2]}'
    assert JSON.deserialize('{"a": [1, 2]}') == {"a": [1, 2]}


def test_raw_records_strings_as_they_are():
    assert RAW.serialize("HELLO") == "HELLO"
    assert RAW.deserialize("HELLO") == "HELLO"
    with pytest.raises(TypeError, match="not int"):
        RAW.serialize(7)

import pytest

from perdure_local.functions import Function, read_address
from perdure_local.ledger import Fault

ARN = "arn:aws:lambda:us-east-1:123456789012:function:ship"


@pytest.mark.parametrize(
    ("text", "qualifier", "expected"),
    [
        ("ship", None, ("ship", None)),
        ("ship", "live", ("ship", "live")),
        ("ship:live", None, ("ship", "live")),
        ("ship:$LATEST", "$LATEST", ("ship", "$LATEST")),
        (ARN, None, ("ship", None)),
        (f"{ARN}:7", None, ("ship", "7")),
        ("123456789012:function:ship", None, ("ship", None)),
        ("function:ship:live", None, ("ship", "live")),
        ("ship", "", ("ship", None)),
    ],
)
def test_the_ways_to_name_a_function(text, qualifier, expected):
    assert read_address(text, qualifier) == expected


@pytest.mark.parametrize(
    ("text", "qualifier", "code"),
    [
        ("", None, "InvalidParameterValueException"),
        ("a b", None, "InvalidParameterValueException"),
        ("ship:live", "other", "InvalidParameterValueException"),
        (ARN.replace("us-east-1", "eu-west-1"), None, "ResourceNotFoundException"),
        (ARN.replace("123456789012", "210987654321"), None, "ResourceNotFoundException"),
    ],
)
def test_names_that_lead_nowhere(text, qualifier, code):
    with pytest.raises(Fault) as fault:
        read_address(text, qualifier)
    assert fault.value.code == code


def test_qualifiers():
    function = Function(name="ship", handler="app.ship", aliases=frozenset({"live"}))
    assert function.resolve("$LATEST") == function.resolve("live") == "$LATEST"
    with pytest.raises(Fault, match=f"Function not found: {ARN}:7"):
        function.resolve("7")


def test_a_function_s_name_is_lambda_s():
    with pytest.raises(ValueError, match="a function's name is"):
        Function(name="a b", handler="app.ship")

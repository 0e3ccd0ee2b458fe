import pytest

from perdure_local.ledger import Fault, Target
from perdure_local.ledger.targets import read_target
from perdure_local.ledger.update import InvokeOptions
from support.desk import FUNCTION, Desk, chained, update

CALLER = f"{FUNCTION}:$LATEST"


def read(text, tenant=None):
    return read_target(InvokeOptions(text, tenant), CALLER)


@pytest.mark.parametrize(
    ("text", "name", "qualifier"),
    [
        ("ship", "ship", None),
        ("ship:prod", "ship", "prod"),
        ("ship:7", "ship", "7"),
        ("ship:$LATEST", "ship", "$LATEST"),
        ("ship:$LATEST.PUBLISHED", "ship", "$LATEST.PUBLISHED"),
        ("function:ship", "ship", None),
        ("123456789012:function:ship", "ship", None),
        ("us-east-1:123456789012:function:ship:1", "ship", "1"),
        ("arn:aws:lambda:us-east-1:123456789012:function:ship", "ship", None),
        ("arn:aws:lambda:us-east-1:123456789012:function:ship:prod", "ship", "prod"),
        ("arn:aws-cn:lambda:us-east-1:123456789012:function:ship:prod", "ship", "prod"),
        ("a.b-c_d", "a.b-c_d", None),
    ],
)
def test_a_function_is_named_in_every_way_that_lambda_takes(text, name, qualifier):
    assert read(text) == Target(text, name, qualifier, None)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "Invalid function ARN ''"),
        ("a b", "Invalid function ARN 'a b'"),
        ("ship:", "Invalid function ARN 'ship:'"),
        ("arn:aws:s3:::bucket", "Invalid function ARN 'arn:aws:s3:::bucket'"),
        ("x" * 257, f"Invalid function ARN '{'x' * 257}'"),
        (
            "arn:aws:lambda:us-east-1:999999999999:function:ship",
            "Cannot start a CHAINED_INVOKE on a function in another account.",
        ),
        ("999999999999:function:ship", "Cannot start a CHAINED_INVOKE on a function in another account."),
        (
            "arn:aws:lambda:eu-west-1:123456789012:function:ship",
            "Cannot start a CHAINED_INVOKE on a function in another region.",
        ),
        (
            "arn:aws-us-gov:lambda:us-gov-east-1:123456789012:function:ship",
            "Cannot start a CHAINED_INVOKE on a function in another region.",
        ),
        (
            "arn:aws:lambda:eu-west-1:999999999999:function:ship",
            "Cannot start a CHAINED_INVOKE on a function in another account.",
        ),
    ],
)
def test_a_function_that_cannot_be_invoked_refuses_the_whole_batch(text, refusal):
    with pytest.raises(Fault) as fault:
        read(text)
    assert (fault.value.code, fault.value.message) == ("InvalidParameterValueException", refusal)
    desk = Desk()
    desk.begin()
    assert desk.refused(update("STEP START", "B"), chained(text)) == refusal


@pytest.mark.parametrize("tenant", ["t", "a/b:c=d+e-f@g h_.", "x" * 256])
def test_a_tenant(tenant):
    assert read("ship", tenant).tenant_id == tenant


@pytest.mark.parametrize("tenant", ["", "x" * 257, "ä", "a,b"])
def test_a_tenant_that_cannot_be(tenant):
    desk = Desk()
    desk.begin()
    refusal = "TenantId must be 1 to 256 characters matching [a-zA-Z0-9._:/=+-@ ]."
    assert desk.refused(chained("ship", TenantId=tenant)) == refusal

"""Templates, read as CloudFormation reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cfnlint.api import ManualArgs, lint
from cfnlint.decode import decode, decode_str

from perdure_local.deploy import Deployment, Form, template

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
ARN = "arn:aws:lambda:eu-west-1:123456789012:layer:perdure:3"
SHIP = "arn:aws:lambda:eu-west-1:123456789012:function:ship"
PREFIX = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
CHECKOUT = Deployment(handler="order.checkout", form=Form.WRAPPER, python="3.13", architecture="arm64")
FORMS = [replace(CHECKOUT, form=form) for form in Form]
BY_FORM = pytest.mark.parametrize("deployment", FORMS, ids=lambda deployment: deployment.form)


def read(deployment: Deployment) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None
    found, problems = decode_str(template(deployment))
    assert problems == []
    assert found is not None
    return found


def function(deployment: Deployment) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = read(deployment)["Resources"][deployment.resource]["Properties"]
    return properties


def statements(deployment: Deployment) -> list[Mapping[str, Any]]:
    policy = read(deployment)["Resources"][f"{deployment.resource}Policy"]["Properties"]
    found: list[Mapping[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "deployment",
    [
        *FORMS,
        replace(CHECKOUT, form=Form.LAYER, layer=ARN),
        replace(CHECKOUT, layer="build/my layer.zip", code="../yes/", timeout=1, retention=90, architecture="x86_64"),
        replace(CHECKOUT, handler="shop.orders.check_out", invokes=("ship", "pay:live", SHIP)),
    ],
    ids=lambda deployment: f"{deployment.form}-{len(template(deployment))}",
)
def test_cfn_lint_finds_nothing(deployment: Deployment) -> None:
    assert lint(template(deployment), config=ManualArgs(regions=["eu-west-1"])) == []


@BY_FORM
def test_a_function_is_durable_and_invoked_by_its_alias(deployment: Deployment) -> None:
    properties = function(deployment)
    assert properties["DurableConfig"] == {"ExecutionTimeout": 86_400, "RetentionPeriodInDays": 14}
    assert properties["AutoPublishAlias"] == "live"
    assert properties["AutoPublishAliasAllProperties"] is True
    assert read(deployment)["Outputs"]["CheckoutArn"]["Value"] == {"Ref": "Checkout.Alias"}


@BY_FORM
def test_durations_are_those_of_the_decorator(deployment: Deployment) -> None:
    properties = function(replace(deployment, timeout=3_600, retention=3))
    assert properties["DurableConfig"] == {"ExecutionTimeout": 3_600, "RetentionPeriodInDays": 3}


@BY_FORM
def test_the_role_may_no_more_than_it_has_to(deployment: Deployment) -> None:
    assert function(deployment)["Role"] == {"Fn::GetAtt": ["CheckoutRole", "Arn"]}
    assert [(found["Action"], found["Resource"]) for found in statements(deployment)] == [
        (["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"], {"Fn::Sub": "${Checkout.Arn}:*"}),
        (["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": ["CheckoutLogs", "Arn"]}),
        (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
    ]


@pytest.mark.parametrize(
    ("name", "resources"),
    [
        ("ship", [{"Fn::Sub": f"{PREFIX}ship"}, {"Fn::Sub": f"{PREFIX}ship:*"}]),
        ("ship:live", [{"Fn::Sub": f"{PREFIX}ship:live"}]),
        ("ship:$LATEST", [{"Fn::Sub": f"{PREFIX}ship:$LATEST"}]),
        ("123456789012:function:ship:2", [{"Fn::Sub": f"{PREFIX}ship:2"}]),
        (SHIP, [SHIP, f"{SHIP}:*"]),
        (f"{SHIP}:live", [f"{SHIP}:live"]),
    ],
)
def test_the_role_may_invoke_what_the_workflow_does(name: str, resources: list[Any]) -> None:
    *_, last = statements(replace(CHECKOUT, invokes=(name,)))
    assert last == {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": resources}


def test_the_wrapper_is_put_before_lambdas_own_python() -> None:
    properties = function(CHECKOUT)
    assert (properties["Runtime"], properties["Handler"]) == ("python3.13", "order.checkout")
    assert properties["Environment"]["Variables"] == {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/perdure/wrapper"}
    layer = read(CHECKOUT)["Resources"]["PerdureLayer"]["Properties"]
    assert (layer["ContentUri"], layer["CompatibleRuntimes"]) == ("dist/perdure-managed.zip", ["python3.13"])
    assert layer["CompatibleArchitectures"] == properties["Architectures"] == ["arm64"]


def test_the_layer_brings_python_to_the_os_only_runtime() -> None:
    described = read(replace(CHECKOUT, form=Form.LAYER))["Resources"]
    properties = described["Checkout"]["Properties"]
    assert (properties["Runtime"], properties["Layers"]) == ("provided.al2023", [{"Ref": "PerdureLayer"}])
    assert "Environment" not in properties
    assert described["Checkout"]["Metadata"] == {"BuildMethod": "python3.13"}
    layer = described["PerdureLayer"]["Properties"]
    assert (layer["ContentUri"], layer["CompatibleRuntimes"]) == ("dist/perdure.zip", ["provided.al2023"])


def test_the_image_names_the_handler_as_its_command() -> None:
    described = read(replace(CHECKOUT, form=Form.IMAGE))["Resources"]
    assert described["Checkout"]["Properties"]["ImageConfig"] == {"Command": ["order.checkout"]}
    assert described["Checkout"]["Metadata"]["Dockerfile"] == "Dockerfile"
    assert not {"Runtime", "Handler", "Layers", "CodeUri"} & described["Checkout"]["Properties"].keys()
    assert "PerdureLayer" not in described


def test_a_published_layer_is_attached_and_not_made() -> None:
    deployment = replace(CHECKOUT, layer=ARN)
    assert function(deployment)["Layers"] == [ARN]
    assert "PerdureLayer" not in read(deployment)["Resources"]


@pytest.mark.parametrize("code", ["src/", "./", "../a b/", "yes", "no: this", "#src/", "'src'/", "1/", "-"])
def test_any_folder_survives_being_written(code: str) -> None:
    assert function(replace(CHECKOUT, code=code))["CodeUri"] == code


@pytest.mark.parametrize(
    ("handler", "resource"),
    [("order.checkout", "Checkout"), ("a.b.check_out2", "CheckOut2"), ("a.newOrder", "NewOrder"), ("a._", "Workflow")],
)
def test_a_function_has_its_name_in_the_template(handler: str, resource: str) -> None:
    deployment = replace(CHECKOUT, handler=handler)
    assert deployment.resource == resource
    assert function(deployment)["Handler"] == handler


def test_the_example_of_the_repository_is_deployed_alike() -> None:
    found, _ = decode(str(ROOT / "template.yaml"))
    assert found is not None
    functions = [one for one in found["Resources"].values() if one["Type"] == "AWS::Serverless::Function"]
    assert functions
    for one in functions:
        properties = found["Globals"]["Function"] | one["Properties"]
        runtime = properties.get("Runtime")  # a reference, where the version is a parameter
        form = Form.IMAGE if runtime is None else Form.LAYER if runtime == "provided.al2023" else Form.WRAPPER
        ours = function(replace(CHECKOUT, form=form))
        for name in SHARED:
            assert properties.get(name) == ours.get(name), name
        for name in ("LogFormat", "ApplicationLogLevel", "SystemLogLevel"):
            assert properties["LoggingConfig"][name] == ours["LoggingConfig"][name], name
    roles = [one["Properties"] for one in found["Resources"].values() if one["Type"] == "AWS::IAM::Role"]
    for role in roles:
        allowed = [one["Action"] for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
        assert allowed == [one["Action"] for one in statements(CHECKOUT)]


SHARED = ("Timeout", "MemorySize", "Tracing", "AutoPublishAlias", "DurableConfig", "Environment")

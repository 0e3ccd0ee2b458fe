"""The templates: what cfn-lint says of them, and what Lambda needs of a durable function that no linter looks at."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint_file
from cfnlint.decode import decode

DEMO = re.compile(r"perdure run order\.checkout.*? --journal (\S+)$", re.MULTILINE)
ROOT = Path(__file__).parents[2]
SAM = "template.yaml"
PLAIN = "deploy/cloudformation.yaml"
OWN_RUNTIME = "deploy/customer-managed-runtime.yaml"
TEMPLATES = (SAM, PLAIN, OWN_RUNTIME)
FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
ALLOWED = {
    *("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"),
    *("logs:CreateLogStream", "logs:PutLogEvents"),
    *("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
}


def read(name):
    decoded, problems = decode(str(ROOT / name))
    assert problems == []
    return decoded


@pytest.fixture(params=TEMPLATES)
def template(request):
    return read(request.param)


def resources(template, *kinds):
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] in kinds}


def functions(template):
    shared = template.get("Globals", {}).get("Function", {})
    return {name: shared | resource["Properties"] for name, resource in resources(template, *FUNCTIONS).items()}


def handler_of(function):
    return function.get("Handler") or function["ImageConfig"]["Command"][0]


@pytest.mark.slow
@pytest.mark.parametrize("name", [SAM, PLAIN])
def test_cfn_lint_finds_nothing(name):
    assert lint_file(ROOT / name, config=ManualArgs(regions=["eu-west-1"])) == []


@pytest.mark.slow
def test_cfn_lint_finds_nothing_but_what_it_does_not_know_in_the_template_for_a_runtime_of_ones_own():
    found = lint_file(ROOT / OWN_RUNTIME, config=ManualArgs(regions=["eu-west-1"]))
    assert {(match.rule.id, str(match.path[-1])) for match in found} == {
        ("E3006", "Type"),
        ("E3002", "RuntimeConfig"),
        ("W3002", "Code"),
    }
    assert "NOT YET TRIED ON A REAL ACCOUNT" in (ROOT / OWN_RUNTIME).read_text("utf-8").splitlines()[0]


@pytest.mark.parametrize("name", [SAM, PLAIN])
def test_there_is_one_function_in_each_form(name):
    found = functions(read(name)).values()
    kinds = [str(function.get("Runtime", function.get("PackageType"))) for function in found]
    assert sorted(kinds) == ["Image", "provided.al2023", "{'Ref': 'ManagedRuntime'}"]


def test_every_function_is_durable_traced_and_logs_json(template):
    assert functions(template)
    for function in functions(template).values():
        assert 1 <= function["DurableConfig"]["ExecutionTimeout"] <= 31_622_400
        assert 1 <= function["DurableConfig"]["RetentionPeriodInDays"] <= 90
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert "Active" in {function.get("Tracing"), function.get("TracingConfig", {}).get("Mode")}


def test_outputs_are_aliases_of_all_functions_and_nothing_unqualified():
    named = {output["Value"]["Ref"] for output in read(SAM)["Outputs"].values()}
    assert named == {f"{name}.Alias" for name in functions(read(SAM))}
    assert {function["AutoPublishAlias"] for function in functions(read(SAM)).values()} == {"live"}


@pytest.mark.parametrize("name", [PLAIN, OWN_RUNTIME])
def test_plain_outputs_are_aliases_of_versions_of_all_functions(name):
    template = read(name)
    aliases = resources(template, "AWS::Lambda::Alias")
    versions = resources(template, "AWS::Lambda::Version")
    assert {output["Value"]["Ref"] for output in template["Outputs"].values()} == aliases.keys()
    served = {}
    for alias in (resource["Properties"] for resource in aliases.values()):
        version, attribute = alias["FunctionVersion"]["Fn::GetAtt"]
        assert attribute == "Version"
        served[alias["FunctionName"]["Ref"]] = versions[version]["Properties"]["FunctionName"]["Ref"]
    assert served == {name: name for name in functions(template)}


def test_old_versions_are_kept_for_the_executions_on_them(template):
    for version in resources(template, "AWS::Lambda::Version").values():
        assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert version["Properties"]["Description"] == {"Ref": "Release"}  # or there would never be a second one


def statements(template, function):
    """What the role of a function allows."""
    role, attribute = function["Role"]["Fn::GetAtt"]
    assert attribute == "Arn"
    properties = template["Resources"][role]["Properties"]
    assert "ManagedPolicyArns" not in properties
    return [statement for policy in properties["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def test_role_allows_what_the_runtime_does_and_nothing_more(template):
    for function in functions(template).values():
        assert {action for statement in statements(template, function) for action in statement["Action"]} == ALLOWED
        assert {statement["Effect"] for statement in statements(template, function)} == {"Allow"}


def test_role_reaches_the_functions_own_executions_with_a_qualifier_and_only_its_own_log(template):
    names = {function["FunctionName"]["Fn::Sub"] for function in functions(template).values()}
    for function in functions(template).values():
        reach = {
            statement["Action"][0].split(":")[0]: statement["Resource"] for statement in statements(template, function)
        }
        executions = reach["lambda"] if isinstance(reach["lambda"], list) else [reach["lambda"]]
        beginning = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
        assert {arn["Fn::Sub"] for arn in executions} == {f"{beginning}{name}:*" for name in names}
        log = function["LoggingConfig"]["LogGroup"]["Ref"]
        assert reach["logs"] == {"Fn::GetAtt": [log, "Arn"]}


def test_every_handler_exists(template, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "examples" / "order"), *sys.path])
    for function in functions(template).values():
        module, name = handler_of(function).rsplit(".", 1)
        assert hasattr(getattr(importlib.import_module(module), name), "__durable__")
    for module in ("order", "mishaps"):
        sys.modules.pop(module, None)


@pytest.mark.parametrize("name", [SAM, PLAIN])
def test_each_zip_has_the_layer_for_its_runtime_and_only_the_managed_one_a_wrapper(name):
    template = read(name)
    for function in functions(template).values():
        wrapper = function.get("Environment", {}).get("Variables", {}).get("AWS_LAMBDA_EXEC_WRAPPER")
        if "Runtime" not in function:
            assert "Layers" not in function
            assert wrapper is None
            continue
        (layer,) = function["Layers"]
        properties = template["Resources"][layer["Ref"]]["Properties"]
        assert properties["CompatibleRuntimes"] == [function["Runtime"]]
        assert properties["CompatibleArchitectures"] == function["Architectures"]
        managed = function["Runtime"] == {"Ref": "ManagedRuntime"}
        assert wrapper == ("/opt/perdure/wrapper" if managed else None)
        content = Path(properties.get("ContentUri") or properties["Content"])
        assert content.name == ("perdure-managed.zip" if managed else "perdure.zip")  # absent where it is test-only


def test_paths_of_the_templates_are_those_of_the_repository():
    for name in TEMPLATES:
        folder = (ROOT / name).parent
        for function in functions(read(name)).values():
            code = function.get("CodeUri", function.get("Code"))
            if isinstance(code, str):
                assert (folder / code / "order.py").resolve() == ROOT / "examples/order/order.py"
    assert (ROOT / read(SAM)["Resources"]["CheckoutAsImage"]["Metadata"]["Dockerfile"]).is_file()


@pytest.mark.parametrize("said_in", ["Makefile", "examples/order/README.md"])
def test_the_demo_keeps_its_journal_out_of_what_is_deployed(said_in):
    folder = ROOT / read(SAM)["Resources"]["CheckoutOnLayer"]["Properties"]["CodeUri"]
    (journal,) = DEMO.findall((ROOT / said_in).read_text("utf-8"))
    assert not (folder / journal).resolve().is_relative_to(folder)

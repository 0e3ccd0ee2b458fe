"""The SAM template: what cfn-lint says of it, and what Lambda needs of a durable function that no linter looks at."""

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
TEMPLATE = ROOT / "template.yaml"


@pytest.fixture(scope="module")
def template():
    decoded, problems = decode(str(TEMPLATE))
    assert problems == []
    return decoded


def functions(template):
    return {
        name: template["Globals"]["Function"] | resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


@pytest.mark.slow
def test_cfn_lint_finds_nothing():
    assert lint_file(TEMPLATE, config=ManualArgs(regions=["eu-west-1"])) == []


def test_one_function_is_on_the_layer_and_one_is_an_image(template):
    kinds = {
        name: function.get("Runtime", function.get("PackageType")) for name, function in functions(template).items()
    }
    assert sorted(kinds.values()) == ["Image", "provided.al2023"]


def test_every_function_is_durable_and_invoked_by_an_alias(template):
    outputs = [output["Value"]["Ref"] for output in template["Outputs"].values()]
    assert functions(template)
    for name, function in functions(template).items():
        assert function["DurableConfig"]["ExecutionTimeout"] >= 1
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert function["Tracing"] == "Active"
        assert f"{name}.Alias" in outputs
        assert function["AutoPublishAlias"] == "live"


def test_every_handler_exists(template, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "examples" / "order"), *sys.path])
    for function in functions(template).values():
        handler = function.get("Handler") or function["ImageConfig"]["Command"][0]
        module, name = handler.rsplit(".", 1)
        assert hasattr(getattr(importlib.import_module(module), name), "__durable__")
    for module in ("order", "mishaps"):
        sys.modules.pop(module, None)


def test_paths_of_the_template_are_those_of_the_build(template):
    assert template["Resources"]["PerdureLayer"]["Properties"]["ContentUri"] == "dist/layer/"
    assert (ROOT / template["Resources"]["CheckoutAsImage"]["Metadata"]["Dockerfile"]).is_file()
    assert (ROOT / template["Resources"]["CheckoutOnLayer"]["Properties"]["CodeUri"] / "order.py").is_file()


@pytest.mark.parametrize("said_in", ["Makefile", "examples/order/README.md"])
def test_the_demo_keeps_its_journal_out_of_what_is_deployed(template, said_in):
    folder = ROOT / template["Resources"]["CheckoutOnLayer"]["Properties"]["CodeUri"]
    (journal,) = DEMO.findall((ROOT / said_in).read_text("utf-8"))
    assert not (folder / journal).resolve().is_relative_to(folder)

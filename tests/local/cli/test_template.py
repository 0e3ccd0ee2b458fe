"""`perdure template`, for functions of a user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cfnlint.decode import decode_str

from support.command import perdure, write_module

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

ORDER = """
import os
from datetime import timedelta
from perdure import Context, durable
import carriers

PLACE = os.environ.get("PLACE")

def helper(event, context):
    return event

@durable(timeout=timedelta(days=7), retention=timedelta(days=30))
def checkout(event: dict, ctx: Context) -> dict:
    ctx.invoke("price:live", event)
    return carriers.send(ctx)

@durable
def plain(event: dict, ctx: Context) -> dict:
    return event
"""
CARRIERS = """
def send(ctx):
    return ctx.invoke("ship")
"""
CHOOSING = """
from perdure import Context, durable

@durable
def choose(event: dict, context: Context) -> dict:
    return context.invoke(event["carrier"])
"""
NEEDY = """
import os
from perdure import Context, durable

TABLE = os.environ["TABLE"]

@durable
def needy(event: dict, ctx: Context) -> dict:
    return event
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "src").mkdir()
    for name, source in {"order": ORDER, "carriers": CARRIERS, "choosing": CHOOSING, "needy": NEEDY}.items():
        write_module(folder / "src", name, source)
    return folder


def properties(text: str, name: str = "Checkout") -> Mapping[str, Any]:
    found, problems = decode_str(text)
    assert problems == []
    assert found is not None
    described: Mapping[str, Any] = found["Resources"][name]["Properties"]
    return described


def invoked(text: str, name: str) -> list[str]:
    *_, last = properties(text, f"{name}Policy")["PolicyDocument"]["Statement"]
    found = last["Resource"] if last["Action"] == "lambda:InvokeFunction" else []
    return [one["Fn::Sub"].rpartition("function:")[2] for one in found]


def test_a_template_says_what_the_code_says(folder: Path) -> None:
    done = perdure(folder, "template", "order.checkout", "--root", "src", "--form", "layer")
    assert (done.status, done.stderr) == (0, "")
    found = properties(done.stdout)
    assert found["DurableConfig"] == {"ExecutionTimeout": 7 * 86_400, "RetentionPeriodInDays": 30}
    assert (found["Handler"], found["CodeUri"], found["Runtime"]) == ("order.checkout", "src/", "provided.al2023")
    assert invoked(done.stdout, "Checkout") == ["price:live", "ship", "ship:*"]


def test_a_folder_may_be_named_in_any_way(folder: Path) -> None:
    before = perdure(folder, "template", "order.checkout", "--root", "src").stdout
    for root in (f"../{folder.name}/src", "./src/", str(folder / "src")):
        assert perdure(folder, "template", "order.checkout", "--root", root).stdout == before


def test_a_file_names_the_code_as_seen_from_there(folder: Path) -> None:
    (folder / "deploy").mkdir()
    target = folder / "deploy" / "template.yaml"
    done = perdure(folder / "src", "template", "order.plain", "-o", str(target), "--form", "image")
    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    assert properties(target.read_text("utf-8"), "Plain")["ImageConfig"] == {"Command": ["order.plain"]}
    perdure(folder / "src", "template", "order.plain", "--output", str(target), "--python", "3.14")
    found = properties(target.read_text("utf-8"), "Plain")
    assert (found["CodeUri"], found["Runtime"]) == ("../src/", "python3.14")
    here = perdure(folder / "src", "template", "order.plain")
    assert properties(here.stdout, "Plain")["CodeUri"] == "./"


def test_a_published_layer_is_named_by_its_arn(folder: Path) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:layer:perdure:3"
    done = perdure(folder, "template", "order.checkout", "--root", "src", "--layer", arn, "--architecture", "arm64")
    found = properties(done.stdout)
    assert (found["Layers"], found["Architectures"]) == ([arn], ["arm64"])


def test_what_is_invoked_but_not_named_is_asked_for(folder: Path) -> None:
    done = perdure(folder, "template", "choosing.choose", "--root", "src")
    assert done.status == 0
    assert done.stderr == ("perdure: choosing.py:6: what is invoked is not a text here; name it: --invokes NAME\n")
    assert invoked(done.stdout, "Choose") == []
    named = perdure(folder, "template", "choosing.choose", "--root", "src", "--invokes", "rail", "--invokes", "road:2")
    assert (named.status, named.stderr) == (0, "")
    assert invoked(named.stdout, "Choose") == ["rail", "rail:*", "road:2"]


def test_a_module_gets_the_variables_that_it_needs(folder: Path) -> None:
    without = perdure(folder, "template", "needy.needy", "--root", "src")
    assert without.status == 1
    assert "KeyError: 'TABLE'" in without.stderr
    assert perdure(folder, "template", "needy.needy", "--root", "src", "--env", "TABLE=orders").status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["order.helper", "--root", "src"], 2, "order.helper is not a durable function: decorate it with @durable."),
        (["order.chekout", "--root", "src"], 2, "module order has no chekout; did you mean order.checkout?"),
        (["checkout"], 2, "checkout is not the name of a handler"),
        (["order.checkout", "--root", "gone"], 2, "--root: there is no folder "),
        (["order.checkout", "--python", "3.12"], 2, "For another one: --form layer."),
        (["order.checkout", "--form", "image", "--layer", "x.zip"], 2, "--layer is not for an image"),
        (
            ["order.checkout", "--invokes", "a b"],
            2,
            "--invokes is a function's name, name:qualifier, or ARN, not 'a b'.",
        ),
        (
            ["order.checkout", "--root", "src", "-o", "gone/t.yaml"],
            1,
            "--output: gone/t.yaml cannot be written: No such",
        ),
    ],
)
def test_a_mistake_is_told_clearly(folder: Path, arguments: list[str], status: int, text: str) -> None:
    done = perdure(folder, "template", *arguments)
    assert text in done.stderr
    assert (done.status, done.stdout) == (status, "")

"""The documentation keeps its promises: its code runs, and what is public is in it.

Pages run as `support.pages` says. A page's code finds one name it did not import:

    run(workflow, event={}, answers={}) -> Ran      the workflow on the real engine, to its end, waits skipped

so that a hidden test can hold a page to what it says about a workflow it shows. `answers` are what the world outside
says to callbacks and invokes, by name (`support.outsiders`).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import itertools
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import perdure
from perdure import errors
from support.hosting import moves
from support.hosting import run as run_to_its_end
from support.ledger_service import Faults, LedgerService
from support.pages import PACKAGES, ROOT, Page, anchor, pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import click

PAGES = pages()
DOCS = {str(page.path.relative_to(ROOT)): page for page in PAGES}
MENTIONED = {
    word
    for page in PAGES
    for _, line in page.prose
    for code in re.findall(r"`([^`]+)`", line)
    for word in re.findall(r"\w+", code)
}
"""The words that stand somewhere in the text of a page, set as code."""
IMPORTS = ("perdure", "perdure_runtime", "perdure_bootstrap", "perdure_local")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package / "src").rglob("*.py"))]


class Ran(NamedTuple):
    """What became of a workflow."""

    status: str
    result: Any
    error: dict[str, Any] | None
    invocations: int
    requests: list[list[str]]
    """What each checkpoint recorded: `STEP START`, `WAIT START`, …"""


def run(
    workflow: Any,
    event: object = None,
    *,
    answers: Mapping[str, Any] | None = None,
    faults: Faults | None = None,
    **options: Any,
) -> Ran:
    service = LedgerService(json.dumps({} if event is None else event), answers=answers, faults=faults)
    harness = run_to_its_end(workflow, service=service, task_root=str(ROOT), **options)
    progress = harness.execution.progress
    result = None if progress.result is None else json.loads(progress.result)
    error = None if progress.error is None else dict(progress.error)
    return Ran(progress.status.value, result, error, len(harness.outputs), moves(harness))


# Code


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """A module that a page's code runs in; a loaded one, because classes are looked up in those."""
    page: Page = request.param
    made = ModuleType("page_" + re.sub(r"\W", "_", page.name))
    made.__file__ = str(page.path)
    vars(made)["run"] = run
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


def with_code() -> list[Any]:
    chosen = [page for page in PAGES if any(block.language == "python" for block in page.blocks)]
    return [pytest.param(page, page, id=page.name) for page in chosen]


@pytest.mark.parametrize(("page", "module"), with_code(), indirect=["module"])
def test_every_python_block_runs(page, module):
    for block in page.blocks:
        if block.language == "python":
            # Blank lines first, so that a traceback names the line of the page.
            source = "\n" * (block.line - 1) + block.text
            exec(compile(source, str(page.path), "exec", dont_inherit=True), vars(module))  # noqa: S102  our own pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page):
    assert {block.language for block in page.blocks} <= {"python", "sh", "yaml", "json", "text"}


# Names


@pytest.mark.parametrize("name", perdure.__all__)
def test_every_public_name_of_the_sdk_is_in_the_documentation(name):
    assert name in MENTIONED


def public() -> list[Any]:
    modules = [importlib.import_module(name) for name in IMPORTS]
    return [
        pytest.param(module, name, id=f"{module.__name__}.{name}")
        for module in modules
        for name in getattr(module, "__all__", ())
        if name != "__version__"
    ]


@pytest.mark.parametrize(("package", "name"), public())
def test_every_public_name_has_a_docstring(package, name):
    value = getattr(package, name)
    if isinstance(value, type) or inspect.isfunction(value):
        assert list(undocumented(value)) == []
    elif type(value).__module__.startswith("perdure"):
        assert list(undocumented(type(value))) == []  # a constant is what its class says
    else:
        assert name in documented_assignments(package), f"{name} has no text below it"


@pytest.mark.parametrize("package", IMPORTS)
def test_every_package_says_what_it_is(package):
    assert importlib.import_module(package).__doc__


def undocumented(value: Any) -> Iterator[str]:
    """The public parts of a function or class without a docstring of their own, as far as this project wrote them."""
    tree = ast.parse(Path(inspect.getsourcefile(value) or "").read_text("utf-8"))
    own = [node for node in ast.walk(tree) if getattr(node, "name", None) == value.__name__]
    if not any(ast.get_docstring(node) for node in own if isinstance(node, (ast.ClassDef, ast.FunctionDef))):
        yield value.__name__
    for node in own:
        if isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))]
            said = {method.name for method in methods if ast.get_docstring(method)}
            inherited = {name for base in value.__mro__[1:] for name in vars(base)}
            names = {method.name for method in methods if not method.name.startswith("_")}
            yield from (f"{value.__name__}.{name}" for name in sorted(names - said - inherited))


def documented_assignments(package: ModuleType) -> set[str]:
    """Names that are assigned in a package, with a text below them."""
    found: set[str] = set()
    for path in Path(package.__file__ or "").parent.rglob("*.py"):
        body = ast.parse(path.read_text("utf-8")).body
        for node, below in itertools.pairwise(body):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and is_text(below):
                found.add(node.target.id)
    return found


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@pytest.mark.parametrize(
    "name", [name for name in errors.__all__ if name.endswith(("Error", "Exception")) or name[0].isupper()]
)
def test_every_public_error_is_on_its_page(name):
    if name == "Failure":
        assert "`failure(" in DOCS["docs/errors.md"].text
    else:
        assert name in {text.strip("`") for _, text in DOCS["docs/errors.md"].headings}


# Settings

SETTINGS = re.compile(
    r"_?(AWS|PERDURE|LAMBDA|X_AMZN|SSL)_[A-Z0-9_]+[A-Z0-9]|_HANDLER|(NO|HTTPS?)_PROXY|(no|https?)_proxy"
)
SPELLED = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
"""Names that the code puts together, so that they cannot be found in it."""


def variables() -> set[str]:
    """The environment variables whose names stand in the code: as its strings, or in the layer's shell scripts."""
    found = set(SPELLED)
    for path in [*SOURCES, *sorted((ROOT / "layer/boot").glob("*.py"))]:
        tree = ast.parse(path.read_text("utf-8"))
        tree.body = [node for node in tree.body if not ast.unparse(node).startswith("__all__")]
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SETTINGS.fullmatch(node.value):
                found.add(node.value)
            found |= read_from_environ(node)
    for script in (ROOT / "layer/wrapper", ROOT / "layer/bootstrap"):
        found |= {match[0] for match in SETTINGS.finditer(script.read_text("utf-8"))}
    return found


def read_from_environ(node: ast.AST) -> set[str]:
    """The names in `environ.get("…")`, `environ["…"]` and the like, whatever they look like."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"get", "pop"}:
        keys, holder = node.args[:1], node.func.value
    elif isinstance(node, ast.Subscript):
        keys, holder = [node.slice], node.value
    else:
        return set()
    if not ast.unparse(holder).endswith("environ"):
        return set()
    return {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


@pytest.mark.parametrize("name", sorted(variables()))
def test_every_environment_variable_is_documented(name):
    assert f"`{name}`" in DOCS["docs/configuration.md"].text


def flags(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """Each command below `command`, with each of its options as it may be spelled."""
    import click

    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield from ((path, flag) for flag in (*parameter.opts, *parameter.secondary_opts))
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from flags(inner, f"{path} {name}")


def test_every_flag_of_the_command_line_is_documented():
    from perdure_local.cli.entry import commands

    text = DOCS["docs/configuration.md"].text
    found = list(flags(commands, "perdure"))
    assert ("perdure run", "--input") in found
    assert ("perdure callback fail", "--type") in found
    for command, flag in found:
        section = section_of(command, text)
        assert f"`{command}" in section, f"{command} is not in docs/configuration.md"
        assert re.search(rf"`{re.escape(flag)}[ `]", section), f"{command} {flag} is not in docs/configuration.md"


def section_of(command: str, text: str) -> str:
    """The section with a command's name for its heading, or with that of the group that the command is in."""
    _, heading, rest = text.partition(f"\n## `{command}`\n")
    if not heading and " " in command:
        return section_of(command.rpartition(" ")[0], text)
    return heading + re.split(r"\n##? ", rest)[0]


# Pages among themselves


def test_the_table_on_the_page_is_the_table_in_the_code():
    spec = importlib.util.spec_from_file_location("table", ROOT / "tools/table.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    page = DOCS["docs/replay.md"].text
    assert tool.shown(page) == tool.table(), "run `python tools/table.py`"
    assert tool.replaced(page, tool.table()) == page


def test_the_glossary_is_sorted_and_names_nothing_twice():
    terms = [text.lower() for level, text in DOCS["docs/glossary.md"].headings if level > 1]
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_internal_link_leads_somewhere(page):
    for target in page.links:
        if "://" in target:
            continue
        file, _, fragment = target.partition("#")
        path = (page.path.parent / file).resolve() if file else page.path
        assert path.exists(), f"{page.name}: {target}"
        if fragment:
            assert fragment in Page(path).anchors, f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_has_one_title(page):
    assert [level for level, _ in page.headings].count(1) == 1


def test_every_decision_is_listed_and_has_its_four_parts():
    decisions = sorted((ROOT / "docs/adr").glob("0*.md"))
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        headings = [text for level, text in Page(path).headings if level == 2]
        assert headings == ["Context", "Decision", "Consequences", "Alternatives"], path.name
        assert path.name in DOCS["docs/adr/README.md"].text


def test_the_readme_names_commands_that_make_knows():
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)\b", "\n".join(block.text for block in DOCS["README.md"].blocks)))
    assert {"demo", "test"} <= named <= known


def test_anchors_are_made_as_renderers_make_them():
    assert anchor("`once` steps, and what they cost") == "once-steps-and-what-they-cost"

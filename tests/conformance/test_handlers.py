"""Both flavours are the same workflows, and the table names them."""

import ast
from pathlib import Path

import pytest

from conformance.requirements import requirements_of
from conformance.workflows import TARGETS, WORKFLOWS

HANDLERS = Path(__file__).with_name("handlers")


class Uncoloured(ast.NodeTransformer):
    """A module as if there were one flavour only."""

    def visit_AsyncFunctionDef(self, node):
        return ast.FunctionDef(**dict(ast.iter_fields(self.generic_visit(node))))

    def visit_Await(self, node):
        return self.visit(node.value)

    def visit_Name(self, node):
        return ast.Name(node.id.replace("AsyncContext", "Context"), node.ctx)

    def visit_ImportFrom(self, node):
        names = sorted(alias.name.replace("AsyncContext", "Context") for alias in node.names)
        return ast.ImportFrom(node.module, [ast.alias(name) for name in names], node.level)


def code(flavour, suite):
    return ast.parse((HANDLERS / f"{flavour}_{suite}.py").read_text("utf-8")).body[1:]


@pytest.mark.parametrize("suite", [*WORKFLOWS, "targets"])
def test_both_flavours_are_the_same_workflows(suite):
    plain, coroutines = ([uncoloured(part) for part in code(flavour, suite)] for flavour in ("sync", "async"))
    assert plain == coroutines


@pytest.mark.parametrize("suite", WORKFLOWS)
def test_the_table_names_every_workflow_of_a_suite_once(suite):
    assert list(WORKFLOWS[suite].values()) == durable_functions(suite)


def test_the_table_names_every_function_that_is_invoked_once():
    assert [name for names in TARGETS.values() for name in names] == durable_functions("targets")


@pytest.mark.parametrize("suite", WORKFLOWS)
def test_the_table_names_requirements_that_there_are(suite):
    assert set(WORKFLOWS[suite]) <= {requirement.id for requirement in requirements_of(suite)}


def durable_functions(suite):
    return [it.name for it in code("sync", suite) if hasattr(it, "decorator_list") and is_durable(it)]


def uncoloured(part):
    return ast.unparse(ast.fix_missing_locations(Uncoloured().visit(part)))


def is_durable(definition):
    return any(ast.unparse(decorator).split("(")[0] == "durable" for decorator in definition.decorator_list)

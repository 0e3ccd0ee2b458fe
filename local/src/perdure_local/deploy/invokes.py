"""Which functions a workflow invokes, read off its source: the names that stand there as text.

A role has to name what it may invoke. `ctx.invoke("ship:live", …)` says it, and so does a constant of the module;
`ctx.invoke(target, …)` does not. Such places are returned too, for whoever asked to be told of them. Only contexts are
looked at, as other things have a method of this name: parameters called `ctx`, or annotated with a context.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = re.compile(
    r"(arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:|(\d{12}:)?function:)?[\w-]{1,64}(:(\$LATEST|[\w-]+))?",
    re.ASCII,
)
"""A function by name, `name:qualifier`, partial or full ARN."""


class Invokes(NamedTuple):
    """What a source invokes."""

    names: frozenset[str]
    unknown: tuple[int, ...]
    """Lines where the function is not named by a text."""


def find_invokes(source: str | bytes) -> Invokes:
    """Look for what contexts invoke."""
    tree = ast.parse(source)
    contexts, constants = {"ctx", *_contexts(tree)}, dict(_constants(tree))
    names, unknown = set(), set()
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not _is_invoke(call.func, contexts) or not call.args:
            continue
        name = _text(call.args[0]) or constants.get(ast.unparse(call.args[0]))
        if name is not None and ADDRESS.fullmatch(name):
            names.add(name)
        else:
            unknown.add(call.lineno)
    return Invokes(frozenset(names), tuple(sorted(unknown)))


def _is_invoke(called: ast.expr, contexts: set[str]) -> bool:
    match called:
        case ast.Attribute(value=ast.Name(id=name), attr="invoke"):
            return name in contexts
        case _:
            return False


def _contexts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.arg)
            and node.annotation
            and ast.unparse(node.annotation).strip("'").endswith("Context")
        ):
            yield node.arg


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and (text := _text(node.value)) is not None:
            yield from ((ast.unparse(target), text) for target in node.targets)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

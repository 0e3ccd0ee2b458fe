"""The other functions of a run, for its workflow to invoke.

The durable functions of the handler's module are there under their own names. Others are named with `--function`, which
comes first where both name one. All have what the handler has: its environment, and its timeout.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from perdure_local.cli.problems import Problem
from perdure_local.cli.targets import check_name, look_at, on_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perdure_local.cli.targets import Terms
    from perdure_local.functions import Function

_NAME = re.compile(r"[a-zA-Z0-9_\-]{1,64}")


def read_companions(given: Iterable[str]) -> dict[str, str]:
    """Return the handlers that `--function` names, by the name of the function."""
    found: dict[str, str] = {}
    for entry in given:
        name, equals, handler = entry.partition("=")
        if not equals or not handler:
            raise Problem(f"--function is NAME=MODULE.FUNCTION, not {entry}.")
        if _NAME.fullmatch(name) is None:
            raise Problem(f"--function: a function's name is 1 to 64 letters, digits, - and _, not {name!r}.")
        if name in found:
            raise Problem(f"--function names {name} twice.")
        check_name(handler)
        found[name] = handler
    return found


def companions(
    function: Function, given: Mapping[str, str], neighbours: Mapping[str, Terms], environ: Mapping[str, str]
) -> tuple[list[Function], dict[str, str]]:
    """Return the functions that are hosted beside `function`, and what those of other modules redact.

    `neighbours` are the durable functions of its module, which are loaded when they are invoked. Raises `Problem` for a
    given one that cannot be loaded.
    """
    redacted: dict[str, str] = {}
    module = function.handler.rpartition(".")[0]
    found = [
        on_terms(replace(function, name=name, handler=f"{module}.{name}"), terms)
        for name, terms in neighbours.items()
        if _NAME.fullmatch(name) and name not in given
    ]
    for name, handler in given.items():
        other = replace(function, name=name, handler=handler)
        look = look_at(other, environ)
        found.append(on_terms(replace(other, is_durable=look.is_durable), look.terms))
        redacted.update(look.redacted)
    return [other for other in found if other.name != function.name], redacted

"""What a decorator says of executions holds for local runs, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.command import perdure, write_module

if TYPE_CHECKING:
    from pathlib import Path

ORDER = """
from perdure import Context, durable

@durable(timeout=60)
def checkout(event: dict, ctx: Context) -> str:
    ctx.wait(hours=2, name="pickup")
    return "sent"
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "status", "text"),
    [((), 1, "TIMED_OUT"), (("--execution-timeout", "10000"), 0, '"sent"')],
)
def test_the_decorators_timeout_ends_a_run_unless_the_command_has_one(
    tmp_path: Path, options: tuple[str, ...], status: int, text: str
) -> None:
    write_module(tmp_path, "order", ORDER)
    done = perdure(tmp_path, "run", "order.checkout", "--skip-time", "--json", *options)
    assert done.status == status, done.stderr
    assert text in done.last_line

from __future__ import annotations

import pytest

from perdure_local import ExecutionStatus, Summary
from perdure_local.cli.leftovers import THE_ONLY_ONE, choose, resume_line
from perdure_local.cli.problems import USAGE, Problem

RUNNING, SUCCEEDED = ExecutionStatus.RUNNING, ExecutionStatus.SUCCEEDED
BEGINNING = "arn:aws:lambda:us-east-1:123456789012:function:shop-waiting:$LATEST/durable-execution"


def execution(name: str, status: ExecutionStatus = RUNNING) -> Summary:
    return Summary(
        arn=f"{BEGINNING}/{name}/0b1c",
        name=name,
        function="shop-waiting",
        status=status,
        payload="{}",
        result=None,
        error=None,
        started_at=1_800_000_000.0,
        ended_at=None,
        invocations=2,
    )


def chosen(wanted: str, *known: Summary) -> str:
    return choose(wanted, known, "shop.waiting", "j.db").name


def refused(wanted: str, *known: Summary) -> list[str]:
    with pytest.raises(Problem) as problem:
        chosen(wanted, *known)
    assert problem.value.exit_code == USAGE
    return problem.value.message.splitlines()


@pytest.mark.parametrize(
    "wanted", [THE_ONLY_ONE, "order-7", "order", f"{BEGINNING}/order-7/0b1c", f"{BEGINNING}/order"]
)
def test_an_execution_is_named_in_any_of_these_ways(wanted: str) -> None:
    assert chosen(wanted, execution("done", SUCCEEDED), execution("order-7")) == "order-7"


def test_a_whole_name_is_never_the_beginning_of_another() -> None:
    assert chosen("order", execution("order-7"), execution("order")) == "order"


def test_one_that_is_over_can_be_named() -> None:
    assert chosen("done", execution("done", SUCCEEDED), execution("order-7")) == "done"


@pytest.mark.parametrize(
    ("wanted", "fact"),
    [
        (THE_ONLY_ONE, "shop.waiting has 2 executions that are unfinished; --resume one:"),
        ("order-", "shop.waiting has 2 executions that begin with order-; --resume one:"),
    ],
)
def test_of_several_one_has_to_be_named(wanted: str, fact: str) -> None:
    first, *listed = refused(wanted, execution("order-7"), execution("order-10"))
    assert first == fact
    assert [line.split("  started ")[0] for line in listed] == ["    order-7 ", "    order-10"]
    assert all(line.endswith(", 2 invocations") for line in listed)


def test_those_that_are_over_are_told_apart() -> None:
    _, first, second = refused("order", execution("order-7", SUCCEEDED), execution("order-8"))
    assert (first.endswith("2 invocations, SUCCEEDED"), second.endswith("2 invocations")) == (True, True)


def test_of_many_the_latest_are_listed() -> None:
    lines = refused(THE_ONLY_ONE, *(execution(f"order-{number:03}") for number in range(100)))
    assert len(lines) == 22
    assert lines[-2].startswith("    order-099  ")
    assert lines[-1] == "    and 80 earlier ones"


@pytest.mark.parametrize(
    ("wanted", "known", "text"),
    [
        (THE_ONLY_ONE, [], "shop.waiting has no unfinished execution in j.db."),
        (
            THE_ONLY_ONE,
            [execution("done", SUCCEEDED)],
            (
                "shop.waiting has no unfinished execution in j.db. "
                "The last one SUCCEEDED; --resume done shows how it ended."
            ),
        ),
        ("order-9", [execution("done", SUCCEEDED)], "shop.waiting has no execution order-9 in j.db."),
        (
            "order-9",
            [execution("order-7")],
            "shop.waiting has no execution order-9 in j.db. Unfinished are:",
        ),
    ],
)
def test_what_is_not_there_is_said_to_be_missing(wanted: str, known: list[Summary], text: str) -> None:
    assert refused(wanted, *known)[0] == text


def test_the_line_to_go_on_with_can_be_typed_as_it_is() -> None:
    options = ("--root", "my folder", "--skip-time")
    line = resume_line("shop.waiting", f"{BEGINNING}/order-7/0b1c", options)
    assert line == "perdure run shop.waiting --resume order-7 --root 'my folder' --skip-time"

"""The functions that are hosted beside the one that is run."""

from __future__ import annotations

import pytest

from perdure_local.cli.companions import companions, read_companions
from perdure_local.cli.problems import Problem
from perdure_local.cli.targets import Terms, on_terms
from perdure_local.functions import Function

MAIN = Function(name="order-checkout", handler="order.checkout", timeout=7.0, env={"A": "1"}, log_format="JSON")


def test_a_function_is_given_by_name() -> None:
    given = read_companions(["ship=parcels.ship", "price-list=catalog.prices.read"])
    assert given == {"ship": "parcels.ship", "price-list": "catalog.prices.read"}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (["ship"], "--function is NAME=MODULE.FUNCTION, not ship."),
        (["ship="], "--function is NAME=MODULE.FUNCTION, not ship=."),
        (["=order.ship"], "--function: a function's name is 1 to 64 letters, digits, - and _, not ''."),
        (["ship it=order.ship"], "not 'ship it'."),
        (["ship=order:ship"], "order:ship is not the name of a handler: it is module.function, write order.ship."),
        (["ship=a.b", "ship=a.c"], "--function names ship twice."),
    ],
)
def test_a_function_that_cannot_be_is_told_at_once(given: list[str], text: str) -> None:
    with pytest.raises(Problem) as problem:
        read_companions(given)
    assert text in problem.value.message


def test_the_durable_functions_of_the_module_are_there_under_their_names() -> None:
    found, _ = companions(MAIN, {}, {"checkout": Terms(), "ship": Terms(timeout=60, retention=3)}, {})
    assert {one.name: one.handler for one in found} == {"checkout": "order.checkout", "ship": "order.ship"}
    assert [(one.execution_timeout, one.retention_days) for one in found] == [(None, 14), (60, 3)]
    assert {(one.timeout, one.env["A"], one.log_format, one.is_durable) for one in found} == {(7.0, "1", "JSON", True)}


def test_what_is_run_is_not_hosted_twice() -> None:
    main = Function(name="checkout", handler="checkout")
    assert companions(main, {}, {"checkout": Terms()}, {}) == ([], {})


@pytest.mark.parametrize(
    ("asked", "terms", "hosted"),
    [
        (None, Terms(), (None, 14)),
        (None, Terms(3_600, 30), (3_600, 30)),
        (5, Terms(3_600), (5, 14)),
    ],
)
def test_the_command_line_goes_before_the_decorator(
    asked: int | None, terms: Terms, hosted: tuple[int | None, int]
) -> None:
    found = on_terms(Function(name="f", handler="m.f", execution_timeout=asked), terms)
    assert (found.execution_timeout, found.retention_days) == hosted

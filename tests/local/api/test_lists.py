"""Lists of the executions of a function."""

import datetime as dt

import pytest

from support.api_calls import SUCCEED, invoke, raw, refused


@pytest.fixture(scope="module")
def listed(service, client):
    """Four executions: a SUCCEEDED, b FAILED, c SUCCEEDED, d STOPPED."""
    fails = {"b"}

    def handler(envelope):
        name = envelope["InitialExecutionState"]["Operations"][0]["Name"]
        if name == "d":
            client.stop_durable_execution(DurableExecutionArn=envelope["DurableExecutionArn"])
        return {"Status": "FAILED"} if name in fails else SUCCEED

    service.host("listed", handler, aliases=frozenset({"live"}))
    for name in "abcd":
        invoke(client, "listed", DurableExecutionName=name)
    starts = {one.name: one.started_at for one in service.executions("listed")}
    return {name: dt.datetime.fromtimestamp(at, dt.UTC) for name, at in starts.items()}


def names(client, **parameters):
    shown = client.list_durable_executions_by_function(FunctionName="listed", **parameters)
    return "".join(one["DurableExecutionName"] for one in shown["DurableExecutions"]), shown.get("NextMarker")


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "dcba"),
        ({"ReverseOrder": True}, "abcd"),
        ({"Qualifier": "$LATEST"}, "dcba"),
        ({"Qualifier": "live"}, "dcba"),
        ({"DurableExecutionName": "b"}, "b"),
        ({"Statuses": ["SUCCEEDED"]}, "ca"),
        ({"Statuses": ["FAILED", "STOPPED"]}, "db"),
        ({"Statuses": ["RUNNING"]}, ""),
        ({"Statuses": ["SUCCEEDED"], "DurableExecutionName": "b"}, ""),
    ],
)
def test_lists_are_filtered(client, parameters, expected):
    assert names(client, **parameters) == (expected, None)


def test_lists_are_bounded_by_start(client, listed):
    assert names(client, StartedAfter=listed["b"])[0].strip("c") == "d"
    assert names(client, StartedBefore=listed["c"])[0][-1:] == "a"
    assert "d" not in names(client, StartedBefore=listed["d"])[0]
    assert "a" not in names(client, StartedAfter=listed["a"])[0]


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(("is_reversed", "expected"), [(False, ["dc", "ba"]), (True, ["ab", "cd"])])
def test_lists_are_paged(client, is_reversed, expected):
    first, marker = names(client, MaxItems=2, ReverseOrder=is_reversed)
    rest, end = names(client, MaxItems=2, ReverseOrder=is_reversed, Marker=marker)
    assert ([first, rest], end) == (expected, None)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    "parameters", [{"Statuses": ["GONE"]}, {"MaxItems": 1001}, {"Marker": "@"}, {"Marker": "eA=="}]
)
def test_lists_that_are_refused(client, parameters):
    call = client.list_durable_executions_by_function
    assert refused(call, FunctionName="listed", **parameters)[:2] == (400, "InvalidParameterValueException")


@pytest.mark.parametrize(
    "query",
    ["MaxItems=-1", "MaxItems=x", "ReverseOrder=maybe", "StartedAfter=today", "StartedAfter=2026-01-01T00:00:00"],
)
def test_query_values_that_mean_nothing(service, listed, query):
    status, code, _ = raw(service, "GET", f"/2025-12-01/functions/listed/durable-executions?{query}")
    assert (status, code) == (400, "InvalidParameterValueException")

"""What a host makes of its surroundings."""

import subprocess

import pytest

from perdure import HandlerRefused, durable
from perdure_runtime.host import Host, service_of
from perdure_runtime.service.boto import BotoService
from support.cold_start import interpreter
from support.hosting import NoTicker
from support.ledger_service import LedgerService

AIO_BRANCHES = "perdure_runtime.drivers.aio_branches"
WATCHED = {"asyncio", "greenlet", "perdure.batches", AIO_BRANCHES}


class Boto:
    def checkpoint_durable_execution(self): ...

    def get_durable_execution_state(self): ...


def test_a_boto3_client_is_spoken_through():
    assert isinstance(service_of(Boto()), BotoService)


def test_a_service_client_is_taken_as_it_is():
    service = LedgerService()
    assert service_of(service) is service


def test_what_is_no_client_is_refused():
    with pytest.raises(TypeError, match="client is a str, neither a boto3 Lambda client nor a service client"):
        service_of("lambda")


@durable(client=LedgerService())
def own_client(event, ctx): ...


@durable(client="lambda")
def no_client(event, ctx): ...


@durable
def any_client(event, ctx): ...


def test_a_function_may_bring_a_client_of_its_own():
    host = Host(lambda: "the process's", task_root="/", ticker=NoTicker())
    assert host.prepare(any_client).service() == "the process's"
    assert host.prepare(own_client).service() is own_client.options.client


def test_a_function_with_no_usable_client_is_refused_at_load():
    host = Host(lambda: "the process's", task_root="/", ticker=NoTicker())
    with pytest.raises(HandlerRefused, match="no_client: client is a str"):
        host.prepare(no_client)


def test_the_service_is_chosen_when_it_is_needed_and_once():
    host = Host.from_environment({"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"})
    assert host.service() is host.service()
    assert Host.from_environment({}, client=own_client.options.client).service() is own_client.options.client


def unfit(order: complex, ctx) -> None: ...


def test_an_annotation_that_cannot_be_served_is_refused_at_load():
    host = Host(lambda: "the process's", task_root="/", ticker=NoTicker())
    with pytest.raises(HandlerRefused, match="complex"):
        host.prepare(durable(unfit))


@pytest.mark.parametrize(("colour", "also"), [("def", set()), ("async def", {"asyncio", AIO_BRANCHES})])
def test_what_runs_branches_is_there_before_the_first_invocation_except_for_greenlet(colour, also):
    code = f"""
import sys
from perdure import durable
from perdure_runtime.host import Host

@durable
{colour} workflow(event, ctx): ...

Host.from_environment({{}}).prepare(workflow)
print(*{WATCHED!r} & sys.modules.keys())
"""
    printed = subprocess.run(interpreter(code), capture_output=True, text=True, check=True).stdout.split()
    assert set(printed) == {"perdure.batches", *also}

"""Fields that the handler's `Redact` names are masked in log lines, whichever logger writes them."""

import io
import json
import logging
from dataclasses import dataclass
from typing import NamedTuple

import pytest
import structlog

from perdure import Compress, Redact, current_step, durable
from perdure_runtime.logs.settings import SETTINGS, configure
from perdure_runtime.logs.standard import LambdaHandler
from support.colours import both
from support.hosting import run

NUMBER = "4711"


@pytest.fixture
def written():
    """The text and the JSON lines written since; the settings are put back."""
    stream = io.StringIO()
    kept = {name: getattr(SETTINGS, name) for name in SETTINGS.__slots__}
    configure({"AWS_LAMBDA_LOG_FORMAT": "JSON"}, stream=stream)
    shop, handler = logging.getLogger("shop"), LambdaHandler()
    shop.addHandler(handler)
    yield stream.getvalue
    shop.removeHandler(handler)
    for name, value in kept.items():
        setattr(SETTINGS, name, value)


@dataclass(frozen=True)
class Payment:
    card: str
    amount: int


class Row(NamedTuple):
    card: str
    amount: int


class Broken:
    @property
    def card(self):
        raise RuntimeError("no")

    _fields = ("card",)


CODECS = (Redact(("card",), "****"),)


def line_of(write, codecs=CODECS):
    """What one line has to say, written in a step of a function with these codecs."""

    def body():
        write(current_step().logger)

    @durable(codecs=codecs)
    def workflow(event, ctx):
        ctx.step(body)

    run(workflow)
    return workflow


WRITERS = {
    "the step's logger": lambda logger, fields: logger.info("paid", **fields),
    "a bound logger": lambda logger, fields: logger.bind(**fields).info("paid"),
    "structlog": lambda logger, fields: structlog.get_logger().info("paid", **fields),
    "logging": lambda logger, fields: logging.getLogger("shop").warning("paid", extra=fields),
}
FIELDS = [
    ({"card": NUMBER, "amount": 7}, {"card": "****", "amount": 7}),
    ({"Card": {"number": NUMBER}}, {"Card": "****"}),
    ({"order": {"lines": [{"card": NUMBER, "n": 1}]}}, {"order": {"lines": [{"card": "****", "n": 1}]}}),
    ({"payment": Payment(NUMBER, 7)}, {"payment": {"card": "****", "amount": 7}}),
    ({"rows": [Row(NUMBER, 7)]}, {"rows": [{"card": "****", "amount": 7}]}),
    ({"thing": Broken()}, {"thing": "<Broken not shown: it cannot be searched for what is redacted>"}),
    ({"point": (1, 2), "amount": 7}, {"point": [1, 2], "amount": 7}),
]


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(("fields", "shown"), FIELDS)
def test_fields_are_masked_whoever_writes_them(written, writer, fields, shown):
    line_of(lambda logger: writer(logger, fields))
    assert NUMBER not in written()
    [line] = [line for line in map(json.loads, written().splitlines()) if line["message"] == "paid"]
    assert line.items() >= shown.items()
    assert line["operationName"] == "body"


def test_a_message_that_is_a_dict_is_masked_too(written):
    line_of(lambda logger: logging.getLogger("shop").warning({"card": NUMBER, "amount": 7}))
    assert NUMBER not in written()
    assert json.loads(written())["message"] == {"card": "****", "amount": 7}


@pytest.mark.parametrize("codecs", [(), (Compress(),), (Redact(("iban",)),)])
def test_what_is_not_named_is_not_masked(written, codecs):
    line_of(lambda logger: logger.info("paid", card=NUMBER), codecs=codecs)
    assert NUMBER in written()


def test_a_function_without_redaction_is_not_masked_after_one_that_has_it(written):
    line_of(lambda logger: logger.info("paid", card=NUMBER))
    assert NUMBER not in written()
    line_of(lambda logger: logger.info("paid", card=NUMBER), codecs=())
    assert NUMBER in written()


@both
def test_the_workflows_own_lines_are_masked_in_either_colour(colour, written):
    @durable(codecs=(Redact(("card",)),))
    @colour
    def workflow(event, ctx):
        ctx.logger.info("begun", card=NUMBER)
        yield ctx.wait(seconds=1)
        ctx.logger.info("done", card=NUMBER)

    run(workflow)
    lines = [json.loads(line) for line in written().splitlines()]
    assert [(line["message"], line["card"]) for line in lines if "card" in line] == [
        ("begun", "[redacted]"),
        ("done", "[redacted]"),
    ]

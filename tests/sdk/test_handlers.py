import builtins
import functools
import sys
from datetime import timedelta

import pytest

from perdure import Durable, DurableOptions, durable, durable_of


@durable
def checkout(order, ctx):
    """Check out."""


@durable(errors=(OSError,), on_mismatch="retry", mode_aware=False, client="client")
def refund(order, ctx): ...


def test_a_durable_function_keeps_its_face():
    assert isinstance(checkout, Durable)
    assert checkout.__doc__ == "Check out."
    assert checkout.name == f"{__name__}.checkout"
    assert repr(checkout) == f"<durable {__name__}.checkout>"


def test_options_are_noted():
    assert checkout.options == DurableOptions()
    assert refund.options == DurableOptions((OSError,), "retry", "client", mode_aware=False)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(1, 1), (1.5, 2), (timedelta(hours=2), 7_200), (timedelta(days=366), 31_622_400), (None, None)],
)
def test_a_timeout_is_noted_in_whole_seconds(given, seconds):
    assert durable(timeout=given)(print).options.timeout == seconds


@pytest.mark.parametrize(
    ("given", "days"), [(timedelta(days=1), 1), (timedelta(weeks=2), 14), (90 * 86_400, 90), (None, None)]
)
def test_retention_is_noted_in_days(given, days):
    assert durable(retention=given)(print).options.retention == days


def test_a_durable_function_is_known_behind_a_vendors_wrapper():
    @functools.wraps(checkout)
    def traced(event, context):
        return checkout(event, context)

    assert durable_of(checkout) is checkout
    assert durable_of(traced) is checkout
    assert durable_of(len) is None


def test_a_foreign_object_with_the_same_mark_is_not_durable():
    def impostor(): ...

    impostor.__durable__ = "yes"
    assert durable_of(impostor) is None


@pytest.mark.parametrize(
    ("arguments", "error", "problem"),
    [
        ({"on_mismatch": "ignore"}, ValueError, "'fail' or 'retry'"),
        ({"errors": ("OSError",)}, TypeError, "exception classes"),
        ({"errors": (KeyboardInterrupt,)}, TypeError, "exception classes"),
        ({"timeout": 0}, ValueError, "between 1 second and 366 days"),
        ({"timeout": timedelta(days=366, seconds=1)}, ValueError, "between 1 second and 366 days"),
        ({"timeout": "1h"}, TypeError, "not str"),
        ({"retention": 14}, ValueError, r"1 to 90 whole days, for example timedelta\(days=14\), not 14 seconds"),
        ({"retention": timedelta(0)}, ValueError, "1 to 90 whole days"),
        ({"retention": timedelta(days=91)}, ValueError, "1 to 90 whole days"),
        ({"retention": timedelta(days=1, hours=1)}, ValueError, "1 to 90 whole days"),
        ({"retention": float("inf")}, ValueError, "1 to 90 whole days"),
        ({"retention": True}, TypeError, "not bool"),
    ],
)
def test_bad_options_are_refused(arguments, error, problem):
    with pytest.raises(error, match=problem):
        durable(**arguments)


def test_only_functions_are_made_durable():
    with pytest.raises(TypeError, match="not of int"):
        durable(5)


class _WithoutEngine:
    """Makes `import perdure_runtime…` fail as where it is not installed; or lets the engine miss a part of its own."""

    def __init__(self, missing):
        self._missing = missing
        self._import = builtins.__import__

    def __call__(self, name, *args, **kwargs):
        if name.startswith("perdure_runtime"):
            raise ModuleNotFoundError(f"No module named {self._missing!r}", name=self._missing)
        return self._import(name, *args, **kwargs)


def test_without_the_engine_a_call_says_what_to_install(monkeypatch):
    monkeypatch.setattr(builtins, "__import__", _WithoutEngine("perdure_runtime"))
    with pytest.raises(ModuleNotFoundError, match=r"install perdure\[runtime\]"):
        checkout({}, None)


def test_a_broken_engine_is_not_taken_for_a_missing_one(monkeypatch):
    monkeypatch.setattr(builtins, "__import__", _WithoutEngine("orjson"))
    with pytest.raises(ModuleNotFoundError, match="orjson"):
        checkout({}, None)


def test_the_sdk_needs_the_standard_library_only():
    from_outside = {
        name.partition(".")[0]
        for name, module in sys.modules.items()
        if name.startswith("perdure.") and module is not None
    }
    assert from_outside == {"perdure"}

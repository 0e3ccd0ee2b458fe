"""Chains are kept, and told of invocations."""

import subprocess
import sys

import pytest

from perdure import (
    Compress,
    Encrypt,
    LocalKeys,
)
from perdure_runtime.chains import MOST, Chains
from support.colours import ASYNC
from support.hosting import run
from support.payloads import environment
from support.suspended_steps import page, suspended

KEYS = LocalKeys({"k": b"k" * 16})


def test_chains_are_made_once_and_not_collected_for_ever():
    known, codecs = Chains({}, environment()), (Compress(),)
    chain = known.of(codecs)
    assert known.of(codecs) is chain
    for _ in range(MOST):
        known.of((Compress(),))
    assert known.of(codecs) is not chain


def test_each_invocation_tells_the_environment():
    surroundings = environment()
    harness = run(suspended(ASYNC, page, (Encrypt(KEYS),)), chains=Chains({}, surroundings))
    assert surroundings.invocation == len(harness.outputs) == 2


@pytest.mark.slow
def test_nothing_of_the_codecs_is_loaded_for_those_who_have_none():
    loaded = "*(name for name in sys.modules if name.startswith('perdure_runtime.codecs.'))"
    code = f"import sys, perdure_runtime.host; print({loaded})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []

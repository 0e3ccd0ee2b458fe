"""What is imported from the start of a process to the end of its first invocation: exactly what is recorded."""

import sys

import pytest

from support.cold_start import LIBRARY, RECORD, STARTS, brought, imported, ours, packed_copy, recorded

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the rig reads /proc"),
]
DEAR = {
    *("_hashlib", "boto3", "botocore", "dataclasses", "datetime", "email", "hashlib", "hmac", "http", "json", "orjson"),
    *("pathlib", "random", "structlog", "tempfile", "urllib", "urllib3", "uuid"),
}
ASYNCIO = {"asyncio", "concurrent", "inspect", "logging", "socket", "ssl", "subprocess", "traceback"}
"""What asyncio brings along, and nothing else may."""
ADVICE = """
Each module is a part of every cold start. Where one that is new has to be there, record all anew and look at it:

    PYTHONPATH=.:tests .venv/bin/python -m support.cold_start
"""


@pytest.mark.parametrize("title", STARTS)
def test_first_invocation_imports_what_is_recorded_and_nothing_else(title):
    start = STARTS[title]
    loaded, expected = imported(start), recorded()[title]
    new, gone = sorted(ours(loaded) - expected), sorted(expected - ours(loaded))
    assert not new, f"{title}: not in {RECORD.name}: {', '.join(new)}\n{ADVICE}"
    assert not gone, f"{title}: in {RECORD.name}, and not imported any more: {', '.join(gone)}\n{ADVICE}"
    foreign = loaded - ours(loaded) - brought(*LIBRARY, *start.besides)
    assert not foreign, f"{title}: neither ours nor among those that are allowed: {', '.join(sorted(foreign))}"


@pytest.mark.parametrize("title", STARTS)
def test_what_is_allowed_brings_nothing_dear(title):
    besides = STARTS[title].besides
    assert brought(*LIBRARY, *besides) & (DEAR if "asyncio" in besides else DEAR | ASYNCIO) == set()


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    return packed_copy(tmp_path_factory.mktemp("packed"))


@pytest.mark.parametrize("title", STARTS)
def test_packs_load_what_is_imported_without_them_and_nothing_else(title, installation):
    assert ours(imported(STARTS[title], [installation])) == recorded()[title]

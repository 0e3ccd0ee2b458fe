"""The fulfilment example does what its README says, by the same commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.hosting import until

FULFILMENT = Path(__file__).parents[1] / "examples" / "fulfilment"
PERDURE = Path(sys.executable).with_name("perdure")
LIGHT = {"id": "B-2003", "city": "Basel", "items": [{"sku": "cup", "grams": 350}]}
pytestmark = pytest.mark.slow


def command(journal, order):
    run = [PERDURE, "run", "fulfilment.fulfil", "--function", "quote=carriers.quote", "--skip-time"]
    return [*run, "--quiet", "--input", order, "--journal", journal]


def answer(journal, verb, *words):
    """Whether a callback was there to be answered."""
    given = [PERDURE, "callback", verb, "approval", *words, "--journal", journal]
    return subprocess.run(given, capture_output=True, check=False).returncode == 0


def test_a_light_order_needs_nobodys_word(tmp_path):
    given = command(tmp_path / "journal.db", json.dumps(LIGHT))
    done = subprocess.run(given, cwd=FULFILMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert (result["carrier"], result["cents"], result["approved_by"]) == ("river", 231, None)


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ({"approved": True, "by": "ada"}, ("rail", 2135, 3, "ada")),
        ({"approved": False, "by": "bob"}, "bob does not want to spend 2135"),
    ],
)
def test_a_dear_one_waits_for_the_managers_word(tmp_path, decision, expected):
    journal = tmp_path / "journal.db"
    with subprocess.Popen(
        command(journal, "@order.json"), cwd=FULFILMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            until(lambda: answer(journal, "succeed", json.dumps(decision)))
            said, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, said
    result = json.loads(said)
    if isinstance(result, dict):
        result = (result["carrier"], result["cents"], len(result["parcels"]), result["approved_by"])
    assert result == expected

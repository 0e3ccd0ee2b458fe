"""The examples do what their READMEs say, by the same command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ORDER = Path(__file__).parents[1] / "examples" / "order"
pytestmark = pytest.mark.slow


def run(scratch, order):
    """Run the workflow as `make demo` does; what it printed."""
    command = [Path(sys.executable).with_name("perdure"), "run", "order.checkout", "--skip-time"]
    options = ["--input", order, "--journal", scratch / "journal.db"]
    environ = os.environ | {"TMPDIR": str(scratch)}
    done = subprocess.run(command + options, cwd=ORDER, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def receipt(lines):
    """What the last line says: the status, then the result."""
    status, _, result = lines[-1].partition("  ")
    assert status == "SUCCEEDED"
    return json.loads(result)


def test_order_survives_its_mishaps(tmp_path):
    lines = run(tmp_path, "@order.json")
    result = receipt(lines)
    assert (result["order"], result["cents"]) == ("A-1001", 6090)
    assert result["payment"].startswith("card-4242:6090:")
    assert sum("crashed" in line for line in lines) == 1
    assert sum("PrinterOffline" in line for line in lines) == 2
    assert list(tmp_path.glob("perdure-demo-*")) == []  # the plug was pulled once, and the mark taken away


def test_order_goes_through_without_mishaps(tmp_path):
    order = json.loads((ORDER / "order.json").read_text("utf-8")) | {"mishaps": False}
    lines = run(tmp_path, json.dumps(order))
    assert receipt(lines)["order"] == "A-1001"
    assert not [line for line in lines if "crashed" in line or "failed" in line]

"""The local service as a process of its own, to be killed: `python storm_service.py JOURNAL PORT EVIDENCE MARK`.

Ends when its standard input does, so that none is left behind by whoever started it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from perdure_local import LocalService
from perdure_local.ledger import AWS_LIMITS

TASK_ROOT = Path(__file__).parent.parent / "stack"
PATIENT = replace(AWS_LIMITS, invocation_failures=1_000_000)
"""However often its workers die, an execution is not given up."""


def main(journal: str, port: str, evidence: str, mark: str) -> None:
    name, _, value = mark.partition("=")
    with LocalService(journal, skip_time=True, port=int(port), limits=PATIENT, environ=os.environ) as service:
        env = {"STORM_EVIDENCE": evidence, name: value}
        service.add_function("storm", "storm.workflow", task_root=TASK_ROOT, env=env, workers=3)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What is imported until the first step of a cold process is done, as `python -X importtime` tells it.

Its times are of the wall, with what telling them costs; they say where time goes, not how much of it there is.
"""

from __future__ import annotations

import dataclasses
import re
import statistics
import sys
from collections.abc import Mapping

from benchmarks.contenders import PEER
from benchmarks.rig import Contender, Rig
from benchmarks.workloads import WORKLOADS

__all__ = ["measure"]

LINE = re.compile(r"^import time: +(\d+) \| +\d+ \| *([\w.]+)$", re.MULTILINE)
ROUNDS = 3
SOURCES = {
    "perdure": "Perdure",
    "perdure_runtime": "Perdure",
    "perdure_bootstrap": "Perdure",
    "aws_durable_execution_sdk_python": "AWS's SDK",
    "awslambdaric": "awslambdaric",
    "runtime_client": "awslambdaric",
    "snapshot_restore_py": "awslambdaric",
    "simplejson": "awslambdaric",
    "boto3": "boto3, and what it needs",
    "botocore": "boto3, and what it needs",
    "s3transfer": "boto3, and what it needs",
    "urllib3": "boto3, and what it needs",
    "jmespath": "boto3, and what it needs",
    "dateutil": "boto3, and what it needs",
    "six": "boto3, and what it needs",
    "orjson": "orjson",
    "greenlet": "greenlet",
    "structlog": "structlog",
}
"""Where the top of a module's name says it comes from; Python's own are in none of these."""
LIBRARY = "the standard library"
WORKLOAD = "the workload itself"


def measure(contenders: Mapping[str, Contender]) -> dict[str, dict[str, tuple[int, float]]]:
    """How many modules, and milliseconds, by contender and source."""
    rig = Rig()
    try:
        return {name: sorted_out(rig, contender) for name, contender in contenders.items()}
    finally:
        rig.close()


def sorted_out(rig: Rig, contender: Contender) -> dict[str, tuple[int, float]]:
    """What one contender imports, by source."""
    telling = dataclasses.replace(contender, environ=contender.environ | {"PYTHONPROFILEIMPORTTIME": "1"})
    taken: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        rig.run(telling, [WORKLOADS["cold_step"]])
        for microseconds, module in LINE.findall(rig.output):
            taken.setdefault(module, []).append(int(microseconds) / 1000)
    found: dict[str, tuple[int, float]] = {}
    for module, times in taken.items():
        if source := source_of(module):
            count, spent = found.get(source, (0, 0.0))
            found[source] = (count + 1, spent + statistics.median(times))
    return found


def source_of(module: str) -> str | None:
    """Where a module comes from; None for one that was looked for and is not there."""
    top = module.partition(".")[0]
    if top in SOURCES:
        return SOURCES[top]
    # The Python measured may be newer than this one, and have private modules that this one does not know of.
    if top in sys.stdlib_module_names or top.startswith("_"):
        return LIBRARY
    return WORKLOAD if (PEER / f"{top}.py").is_file() else None

"""Run AWS's conformance requirements against the local service: `make conformance [SUITES=step,wait] [FLAVOUR=sync]`.

The requirements come from the package `aws-durable-execution-conformance-tests`, the workflows from
tests/conformance/handlers; how one is judged by the other, tests/conformance/trials.py says. The last line counts the
verdicts of all suites and both flavours, or of those that are asked for. A requirement is uncovered while there is no
workflow for it; that does not make a run fail.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

# This folder, where Python puts the script's own, would hide the package that the harness is: both have the same name.
sys.path[0] = str(Path(__file__).resolve().parent.parent / "tests")

from conformance.requirements import suites  # noqa: E402  found by the line above
from conformance.runs import FLAVOURS, counted, run  # noqa: E402
from conformance.trials import Outcome, Verdict  # noqa: E402

if TYPE_CHECKING:
    from typing import TextIO


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; 1 when a requirement is not met."""
    known = suites()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--flavour", choices=FLAVOURS, action="append", help="one of them only")
    parser.add_argument("--suites", type=lambda text: text.split(","), default=known, help=",".join(known))
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.suites) - set(known)):
        parser.error(f"no suite is called {', '.join(unknown)}; there are {', '.join(known)}")
    report, began = sys.stdout, time.monotonic()
    verdicts: list[Verdict] = []
    # AWS's validator tells of the callbacks it sends on standard output, which is the report's.
    with contextlib.redirect_stdout(io.StringIO()):
        for of_suite in run(chosen.flavour or FLAVOURS, chosen.suites):
            verdicts += of_suite
            tell(of_suite, time.monotonic() - began, report)
    print(f"conformance: {counted(verdicts)}", file=report)
    return int(any(verdict.outcome is Outcome.FAILED for verdict in verdicts))


def tell(verdicts: list[Verdict], seconds: float, report: TextIO) -> None:
    """Report on one suite in one flavour: what failed in full, the rest as numbers."""
    for verdict in verdicts:
        if verdict.outcome is Outcome.FAILED:
            print(f"FAILED {verdict}", file=report)
    first = verdicts[0]
    place = f"{first.flavour} {first.requirement.suite}:"
    print(f"{place:<26}{counted(verdicts)} ({seconds:.0f} s)", file=report, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Kill workers and the local service at random moments, and see whether anything is lost: `make crash KILLS=500`.

Random workflows run through the whole stack on one journal while its processes are killed with SIGKILL. In the end no
acknowledged checkpoint may be lost, no completed step may have run again, and every execution must have come to what it
comes to undisturbed. The last line tells; the exit status is 0 only if all of it holds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.storm import weather


def main(arguments: list[str] | None = None) -> int:
    """Run one storm; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=None, help="for the moments of the kills; another one each time")
    parser.add_argument("--keep", type=Path, help="an empty folder for the journals and the evidence")
    chosen = parser.parse_args(arguments)
    seed = int(time.time()) if chosen.seed is None else chosen.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="perdure-crash-") as temporary:
        findings = weather(chosen.keep or Path(temporary), chosen.kills, seed, say)
    for title in ("lost", "repeated", "wrong"):
        for line in getattr(findings, title):
            print(f"{title}: {line}")
    print(f"{findings.executions} executions, {len(findings.wrong)} wrong")
    print(findings)
    return 0 if findings.is_clean else 1


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

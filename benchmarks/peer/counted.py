"""Starts the bootstrap with everything counted that the interpreter does: `python counted.py FILE`.

SIGUSR1 begins the count, anew if there is one; SIGUSR2 ends it and writes it to the file. Python 3.12 is needed, whose
`sys.monitoring` tells of each instruction.
"""

import json
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

MONITORING: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]  # type checkers take an older Python
EVENTS = MONITORING.events
ENTRIES = EVENTS.PY_START | EVENTS.PY_RESUME


class Count:
    """Instructions, and how often each function was entered: called, or resumed where it is a generator."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._instructions: Counter[CodeType] = Counter()
        self._entries: Counter[CodeType] = Counter()
        MONITORING.use_tool_id(MONITORING.PROFILER_ID, "benchmarks.profile")
        for event, counter in (
            (EVENTS.INSTRUCTION, self._instructions),
            (EVENTS.PY_START, self._entries),
            (EVENTS.PY_RESUME, self._entries),
        ):
            MONITORING.register_callback(MONITORING.PROFILER_ID, event, counting(counter))

    def begin(self, *_: object) -> None:
        self._instructions.clear()
        self._entries.clear()
        MONITORING.set_events(MONITORING.PROFILER_ID, EVENTS.INSTRUCTION | ENTRIES)

    def end(self, *_: object) -> None:
        MONITORING.set_events(MONITORING.PROFILER_ID, 0)
        found = [
            (code.co_filename, code.co_qualname, count, self._entries[code])
            for code, count in self._instructions.items()
        ]
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(found), "utf-8")
        new.replace(self._path)


def counting(counter: Counter[CodeType]) -> Callable[[CodeType, int], None]:
    def count(code: CodeType, _: int) -> None:
        counter[code] += 1

    return count


def main() -> None:
    count = Count(Path(sys.argv.pop()))
    signal.signal(signal.SIGUSR1, count.begin)
    signal.signal(signal.SIGUSR2, count.end)
    from perdure_bootstrap.__main__ import main as serve

    serve()


if __name__ == "__main__":
    main()

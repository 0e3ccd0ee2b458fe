"""What a worker process holds at this moment; the collector is off, so whatever is in a cycle stays to be counted.

What the engine loads where it pays, after a megabyte or some, is loaded from the beginning: it is no growth.
"""

import gc
import hashlib  # noqa: F401
import os
from collections import Counter

import orjson  # noqa: F401

gc.disable()

PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
WATCHED = {"asyncio", "_asyncio", "greenlet", "_greenlet", "builtins", "types"}
OF_WORK = {"Task", "Future", "greenlet", "generator", "coroutine", "frame", "traceback", "async_generator"}


def census() -> dict:
    """Counts by kind; `rss` in KB."""
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208
        "threads": len(os.listdir("/proc/self/task")),  # noqa: PTH208
        "rss": int(open("/proc/self/statm").read().split()[1]) * PAGE_KB,  # noqa: PTH123
        "objects": _objects(),
        "all": len(gc.get_objects()),
    }


def _objects() -> dict:
    """Instances of Perdure's classes, of exceptions, and of whatever holds work that has not ended."""
    counts = Counter(
        f"{type(it).__module__}.{type(it).__qualname__}"
        for it in gc.get_objects()
        if type(it).__module__.startswith("perdure")
        or isinstance(it, BaseException)
        or (type(it).__name__ in OF_WORK and type(it).__module__ in WATCHED)
    )
    return dict(sorted(counts.items()))

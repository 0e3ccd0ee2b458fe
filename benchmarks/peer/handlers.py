"""The benchmark's workloads on Perdure; the environment says in which colour, and how long the import takes."""

import os

if takes := os.environ.get("PERDURE_BENCH_IMPORT_MS"):
    import time

    time.sleep(int(takes) / 1000)  # as a module would that imports much

if os.environ.get("PERDURE_BENCH_COLOUR") == "async":
    from async_workloads import handler
else:
    from workloads import handler

__all__ = ["handler"]

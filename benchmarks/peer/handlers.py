"""The benchmark's workloads on Perdure; the environment says in which colour."""

import os

if os.environ.get("PERDURE_BENCH_COLOUR") == "async":
    from async_workloads import handler
else:
    from workloads import handler

__all__ = ["handler"]

"""Managed instances: several invocations at a time in one sandbox, which Lambda's own loop serves and ours does not.

There AWS_LAMBDA_MAX_CONCURRENCY is set, and Lambda's own Python runtime, awslambdaric, forks a process for each. It
takes over here, with one line in the log: a durable function is a plain handler, too. What only our loop does stays
out: the clean end at SIGTERM, going on after a response that Lambda refused.

It loads the handler itself, in each process, so it can be given a name only. In place of anything else, and where it is
not installed, the init phase fails, and says why.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from perdure_bootstrap import handlers
from perdure_bootstrap.faults import HANDLER_REFUSED, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["refuse_concurrency", "take_over"]

CONCURRENCY = "AWS_LAMBDA_MAX_CONCURRENCY"
TAKEN_OVER = f"{CONCURRENCY} is set, and Perdure's loop serves one invocation at a time: awslambdaric's takes over"
REFUSED = (
    f"{CONCURRENCY} is set, and Perdure's loop serves one invocation at a time. awslambdaric's takes over where it is"
    " installed, the handler is given by its name, and no client is given with it. Otherwise run this function without"
    " managed instances."
)


def take_over(handler: object, client: object | None, environ: Mapping[str, str]) -> None:
    """Have Lambda's own loop serve `handler` where it has to and can; then this does not return."""
    if CONCURRENCY not in environ or client is not None or not isinstance(handler, str):
        return
    try:
        from awslambdaric.__main__ import main
    except ImportError:
        return
    _announce(environ)
    handlers.extend_path(handlers.search_path(environ.get("LAMBDA_TASK_ROOT") or os.getcwd()))  # noqa: PTH109
    main([sys.executable, handler])
    raise SystemExit(0)


def refuse_concurrency(environ: Mapping[str, str]) -> None:
    """Raise a fault where our loop would have to serve several invocations at a time."""
    if CONCURRENCY in environ:
        raise Fault(HANDLER_REFUSED, REFUSED)


def _announce(environ: Mapping[str, str]) -> None:
    # Not by way of our logs: they would take the descriptor that awslambdaric is to write to.
    text = f"[WARNING] {TAKEN_OVER}"
    if environ.get("AWS_LAMBDA_LOG_FORMAT", "").strip().upper() == "JSON":
        import json
        import time

        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = json.dumps({"timestamp": now, "level": "WARNING", "message": TAKEN_OVER, "logger": "perdure"})
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

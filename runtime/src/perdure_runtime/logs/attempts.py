"""Lines about failed attempts.

An attempt that will be made again is not an error: alarms that count ERROR lines would fire for a retry that goes on to
succeed. It is one WARNING without a traceback; only a failure that no attempt follows is an ERROR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_runtime.logs.loggers import DurableLogger

if TYPE_CHECKING:
    from perdure_runtime.logs.scope import LogScope


def attempt_failed(scope: LogScope, error: BaseException, delay: float | None) -> None:
    """Tell that an attempt failed; `delay` is the seconds to the next one, None when there is none."""
    logger = DurableLogger(scope)
    attempt, which = scope.attempt or 1, _label(scope)
    if delay is None:
        logger.error("attempt %d of %s failed, the last one", attempt, which, exc_info=error)
    else:
        from perdure_runtime.logs.lines import text

        facts = {"errorType": type(error).__name__, "errorMessage": text(error)}
        logger.warning("attempt %d of %s failed; the next one is due in %g s", attempt, which, delay, **facts)


def _label(scope: LogScope) -> str:
    short = (scope.operation_id or "")[:8]
    if scope.operation_name is None:
        return f"operation {short}"
    return f"{scope.operation_name!r} ({short})"

"""Make the user's structlog replay-aware.

Where the user has configured structlog, theirs is the format, the wrapper and the output; their chain only gets the two
processors that make it replay-aware, if it lacks them. Where not, the chain is ours and writes Lambda's formats.

Lists of processors are changed in place. Loggers that were made, and cached, before hold on to the list, and structlog
goes on counting as unconfigured, so that a `configure_once` of the user's still takes effect.
"""

from __future__ import annotations

import structlog

from perdure_runtime.logs.processors import CHAIN, add_execution, drop_replayed


def adopt() -> None:
    """Make the structlog configuration in force replay-aware; a second call changes nothing."""
    processors = structlog.get_config()["processors"]
    if any(each is drop_replayed for each in processors):
        return
    if not structlog.is_configured():
        processors[:] = CHAIN
        return
    front = [each for each in (drop_replayed, add_execution) if each not in processors]
    if isinstance(processors, list):
        processors[:0] = front
    else:
        structlog.configure(processors=[*front, *processors])

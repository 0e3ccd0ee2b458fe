"""Logs that know their execution and stay silent while history is replayed."""

from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.scope import SCOPE, LogScope
from perdure_runtime.logs.settings import begin_invocation, configure, configure_once

__all__ = [
    "SCOPE",
    "DurableLogger",
    "LogScope",
    "begin_invocation",
    "configure",
    "configure_once",
]

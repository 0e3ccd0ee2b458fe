"""A Lambda runtime for Perdure: takes invocations from Lambda's Runtime API and hands them to one handler.

`python -m perdure_bootstrap` serves the handler that `_HANDLER` names; `run(handler)` makes a program of your own the
runtime.
"""

from perdure_bootstrap.context import LambdaContext
from perdure_bootstrap.entry import run

__all__ = ["LambdaContext", "run"]

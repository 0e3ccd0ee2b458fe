"""Logs written into memory, and a root logger as a new process has it."""

from __future__ import annotations

import io
import json
import logging
from contextlib import contextmanager

from perdure_runtime.logs.settings import begin_invocation, configure

NOON = 1_780_056_000.1239  # 2026-05-29T12:00:00.123Z


class Output:
    """Configures logs to write into memory, and reads back what was written."""

    def __init__(self):
        self.stream = io.StringIO()

    def configure(self, form="JSON", **options):
        environ = {"AWS_LAMBDA_LOG_FORMAT": form}
        for name in ("AWS_LAMBDA_LOG_LEVEL", "PERDURE_LOG_REPLAYS"):
            if name in options:
                environ[name] = options.pop(name)
        configure(environ, stream=self.stream, clock=lambda: NOON, **options)
        begin_invocation("rid-1")

    @property
    def text(self):
        return self.stream.getvalue()

    @property
    def lines(self):
        return self.text.split("\n")[:-1]

    @property
    def records(self):
        return [json.loads(line) for line in self.lines]

    @property
    def messages(self):
        return [record["message"] for record in self.records]


@contextmanager
def bare_root():
    """The root logger as a new process has it: pytest's own handlers are set aside."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    try:
        yield root
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def raised(error, cause=None):
    """`error` as it is once it has been raised, with a traceback, and with `cause` as its cause."""
    try:
        _raise(error, cause)
    except type(error) as caught:
        return caught


def _raise(error, cause):
    raise error from cause

"""Code that ended with what is no failure of its work: the process is to end, or the like."""

from __future__ import annotations

from perdure_runtime.tuples import NamedTuple

__all__ = ["Broken"]


class Broken(NamedTuple):
    """In place of an outcome: raised again by whoever drives the code, on the workflow's thread."""

    error: BaseException

"""The functions of this folder as they are deployed: hosted by workers of the local service."""

from __future__ import annotations

import itertools
from typing import Any

from aws_durable_execution_sdk_python import durable_execution

from migration import workflow_async, workflow_official, workflow_sync

official = durable_execution(workflow_official.everything)

TURNS = itertools.cycle([official, workflow_sync.everything, workflow_async.everything])


def in_turn(event: Any, context: Any) -> Any:
    """Each invocation is another deployment's."""
    return next(TURNS)(event, context)


def double(event: Any, context: Any) -> Any:
    return event["n"] * 2


def nothing(event: Any, context: Any) -> None:
    return None

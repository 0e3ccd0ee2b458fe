"""Where the workflows of one suite are played: a local service of its own, with worker processes for each function."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config

from conformance.workflows import TARGETS, WORKFLOWS
from perdure_local import LocalService, LogLine, Notice

if TYPE_CHECKING:
    from conformance.requirements import Requirement

HANDLERS = Path(__file__).with_name("handlers")
LONGEST = 120
"""Seconds an execution may keep its caller waiting."""
AT_ONCE = 8
"""Executions that run at the same time."""


class Stage:
    """The workflows of one suite in one flavour, hosted; a context manager."""

    def __init__(self, flavour: str, suite: str) -> None:
        self.flavour = flavour
        self.suite = suite
        self.lines: list[LogLine] = []
        """What the workers wrote; complete once the stage is closed, since that ends them."""
        self._service = LocalService(environ=os.environ)

    def __enter__(self) -> Self:
        self._service.open()
        self._service.subscribe(self._take)
        for target in TARGETS.get(self.suite, ()):
            self._host(target, f"{self.flavour}_targets.{target}")
        for requirement, workflow in WORKFLOWS.get(self.suite, {}).items():
            self._host(f"{self.flavour}-{requirement}", f"{self.flavour}_{self.suite}.{workflow}")
        # One attempt: the requirements are about what the service answers, not about what a client makes of it.
        self.client = boto3.client(
            "lambda",
            endpoint_url=self._service.endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=LONGEST, max_pool_connections=2 * AT_ONCE),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers; what they wrote is in `lines` then."""
        self.client.close()
        self._service.close()

    def invoke(self, requirement: Requirement, payload: object) -> str:
        """Start an execution as the requirement asks, and return its ARN."""
        answer = self.client.invoke(
            FunctionName=f"{self.flavour}-{requirement.id}",
            Qualifier="$LATEST",
            InvocationType="Event" if requirement.is_async else "RequestResponse",
            Payload=json.dumps(payload).encode(),
        )
        answer["Payload"].read()
        arn: str = answer["DurableExecutionArn"]
        return arn

    def history(self, arn: str) -> list[dict[str, Any]]:
        """All events of an execution, page by page."""
        pages = self.client.get_paginator("get_durable_execution_history").paginate(
            DurableExecutionArn=arn, IncludeExecutionData=True
        )
        return [dict(event) for page in pages for event in page["Events"]]

    def log_events(self, arn: str) -> list[dict[str, Any]]:
        """The records of an execution, as a query for its ARN finds them in CloudWatch, in the order of writing."""
        return [
            {"message": line.text, "timestamp": number}
            for number, line in enumerate(self.lines)
            if _arn_of(line.text) == arn
        ]

    def _host(self, name: str, handler: str) -> None:
        self._service.add_function(name, handler, task_root=HANDLERS, log_format="JSON")

    def _take(self, notice: Notice | LogLine) -> None:
        if isinstance(notice, LogLine):
            self.lines.append(notice)


def _arn_of(text: str) -> str | None:
    """The execution that a log record names in a field of its own; only such records are found by a query."""
    try:
        record = json.loads(text)
    except ValueError:
        return None
    if not isinstance(record, dict):
        return None
    return record.get("executionArn") or record.get("durableExecutionArn")

"""A storm: random workflows through the whole stack while its processes are killed, workers and service alike.

After it, what the workers saw is held against what the journal holds, and each execution against the same one in calm
weather. The workflows and the file of evidence are those of `tests/stack/storm.py`.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from perdure_local import ExecutionStatus
from perdure_local.store import Store
from support.local_service import lambda_client
from support.processes import kill, marked
from support.service_process import JOURNAL, ServiceProcess
from support.stack import TASK_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from perdure_local.ledger import Event, Record

    Told = Callable[[str], object]

HANDLERS = {"sync": "storm.workflow", "async": "storm.async_workflow"}
"""One function for each colour; executions take turns."""
AT_ONCE = 4
"""Executions under way at the same time; each function has two workers."""
SERVICE_SHARE = 0.2
"""Of all kills, those that hit the service."""
MEAN_PAUSE = 0.2
"""Seconds between kills, on average; no two pauses are alike."""
EVIDENCE = '{"pid": '
"""How a line of evidence begins."""
POLL = 0.01
PATIENCE = 120.0
"""Seconds for whatever is left to end once the storm is over."""


class Stuck(Exception):
    """Executions do not end though nothing disturbs them any more."""


def service_in(folder: Path) -> ServiceProcess:
    """A service that hosts the storm's workflows, and is not impatient with workers that die."""
    folder.mkdir()
    env = {"STORM_EVIDENCE": str(folder / "evidence")}
    function = {"task_root": str(TASK_ROOT), "env": env, "workers": 2}
    functions = {colour: {"handler": handler, **function} for colour, handler in HANDLERS.items()}
    return ServiceProcess(folder, functions, limits={"invocation_failures": 1_000_000})


@dataclass
class Findings:
    """What a storm came to."""

    kills: int = 0
    executions: int = 0
    lost: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.repeated or self.wrong)

    def __str__(self) -> str:
        return f"crash: {self.kills} kills, {len(self.lost)} lost, {len(self.repeated)} repeated"


def weather(folder: Path, kills: int, seed: int, told: Told = lambda _line: None) -> Findings:
    """Run a storm of so many kills, then a calm, and compare; `folder` keeps journals and evidence."""
    stormy, calm = folder / "stormy", folder / "calm"
    dice = random.Random(seed)  # noqa: S311  to hit at random moments
    with service_in(stormy) as service, lambda_client(service.url) as client:
        storm = Storm(service, client, dice, told)
        storm.run(kills)
        findings = Findings(storm.kills, len(storm.started))
    with service_in(calm) as service, lambda_client(service.url) as client:
        Storm(service, client, dice, told).run(0, executions=findings.executions)
    after, undisturbed = read(stormy / JOURNAL), read(calm / JOURNAL)
    evidence = read_evidence((stormy / "evidence").read_text())
    findings.lost = [*lost_executions(storm.started, after), *lost_updates(evidence, after)]
    findings.repeated = repeated(evidence)
    findings.wrong = wrong(after, undisturbed)
    return findings


class Storm:
    """Starts executions, kills processes, and waits for the end of it all."""

    def __init__(self, service: ServiceProcess, client: Any, dice: random.Random, told: Told) -> None:
        self.kills = 0
        self.started: list[str] = []
        """ARNs, by seed."""
        self._service = service
        self._client = client
        self._dice = dice
        self._told = told
        self._open: set[str] = set()

    def run(self, kills: int, executions: int = 0) -> None:
        """Keep executions going until there were `kills` kills, and `executions` in all; then let them end."""
        due = time.monotonic()
        while self.kills < kills or len(self.started) < executions:
            self._service.keep_up()
            if self.kills < kills and time.monotonic() >= due:
                self._kill_one()
                due = time.monotonic() + self._dice.expovariate(1 / MEAN_PAUSE)
            self._look_after()
            if len(self._open) < AT_ONCE:
                self._start_one()
            time.sleep(POLL)
        deadline = time.monotonic() + PATIENCE
        while self._open or not self.started:
            self._service.keep_up()
            self._look_after()
            if time.monotonic() > deadline:
                raise Stuck(f"{len(self._open)} executions do not end: {', '.join(sorted(self._open))}")
            time.sleep(POLL)

    def _kill_one(self) -> None:
        if self._dice.random() < SERVICE_SHARE:
            has_hit = self._service.kill()
        else:
            workers = marked(self._service.mark)
            has_hit = bool(workers) and kill(self._dice.choice(workers))
        self.kills += has_hit
        if has_hit and self.kills % 50 == 0:
            self._told(f"{self.kills} kills, {len(self.started)} executions, {self._service.starts} services")

    def _start_one(self) -> None:
        # The name makes it idempotent: a start whose answer was lost is asked for again, and finds the execution.
        seed = len(self.started)
        with self._patience("ResourceNotFoundException"):  # it does not know the function yet
            answer = self._client.invoke(
                FunctionName=f"{tuple(HANDLERS)[seed % len(HANDLERS)]}:$LATEST",
                InvocationType="Event",
                DurableExecutionName=f"seed-{seed}",
                Payload=json.dumps({"seed": seed}),
            )
            self.started.append(answer["DurableExecutionArn"])
            self._open.add(answer["DurableExecutionArn"])

    def _look_after(self) -> None:
        for arn in tuple(self._open):
            with self._patience():
                try:
                    answer = self._client.get_durable_execution(DurableExecutionArn=arn)
                except self._client.exceptions.ResourceNotFoundException:
                    self._open.remove(arn)  # lost; the journal will tell
                else:
                    self._open -= {arn} if answer["Status"] != "RUNNING" else set()

    @contextlib.contextmanager
    def _patience(self, *codes: str) -> Iterator[None]:
        """Let be what cannot be done while the service is down or coming up."""
        try:
            yield
        except BotoCoreError:
            return
        except ClientError as error:
            if error.response["Error"]["Code"] not in codes:
                raise


def read(journal: Path) -> dict[str, Record]:
    """What a journal holds, by execution name, as the next service would find it."""
    store = Store(journal)
    try:
        records = store.read()
    finally:
        store.close()
    assert len({record.spec.name for record in records}) == len(records), "one name, two executions"
    return {record.spec.name: record for record in records}


def read_evidence(text: str) -> list[dict[str, Any]]:
    """What the workers wrote down, in order; a line that was cut off by a kill is passed over."""
    evidence = []
    for line in text.splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            evidence.append(json.loads(line[max(line.rfind(EVIDENCE), 0) :]))
    return evidence


class Fact(NamedTuple):
    """What an update leaves in the history."""

    arn: str
    operation: str
    event: str
    attempt_follows: bool
    payload: str | None
    message: str | None


EVENTS = {
    ("STEP", "START"): "StepStarted",
    ("STEP", "SUCCEED"): "StepSucceeded",
    ("STEP", "RETRY"): "StepFailed",
    ("STEP", "FAIL"): "StepFailed",
    ("WAIT", "START"): "WaitStarted",
}


def lost_executions(started: Iterable[str], journal: dict[str, Record]) -> list[str]:
    """Executions that the service said it had started, and does not have."""
    return sorted(set(started) - {record.spec.arn for record in journal.values()})


def lost_updates(evidence: Sequence[dict[str, Any]], journal: dict[str, Record]) -> list[str]:
    """Updates that were acknowledged, and are not in the history."""
    acknowledged = Counter(
        fact_of_update(line["arn"], update) for line in evidence for update in line.get("acknowledged", ())
    )
    kept = Counter(fact_of_event(record.spec.arn, event) for record in journal.values() for event in record.events)
    return [str(fact) for fact in (acknowledged - kept).elements()]


def fact_of_update(arn: str, update: dict[str, Any]) -> Fact:
    event = EVENTS[update["Type"], update["Action"]]
    message = update.get("Error", {}).get("ErrorMessage")
    return Fact(arn, update["Id"], event, update["Action"] == "RETRY", update.get("Payload"), message)


def fact_of_event(arn: str, event: Event) -> Fact:
    details = event.details
    follows = "NextAttemptDelaySeconds" in details.get("RetryDetails", {})
    payload = details.get("Result") if event.type == "StepSucceeded" else None
    message = (details.get("Error") or {}).get("ErrorMessage")
    return Fact(arn, event.operation_id or "", event.type, follows, payload, message)


def repeated(evidence: Sequence[dict[str, Any]]) -> list[str]:
    """Bodies that began after their step's end was acknowledged, and `once` bodies that began twice in one attempt."""
    ended: set[tuple[str, str]] = set()
    begun: set[tuple[str, str, int]] = set()
    found = []
    for line in evidence:
        arn = line["arn"]
        ended |= {(arn, it["Id"]) for it in line.get("acknowledged", ()) if it["Action"] in {"SUCCEED", "FAIL"}}
        if "body" not in line:
            continue
        operation, attempt = line["body"], line["attempt"]
        if (arn, operation) in ended:
            found.append(f"{arn} {operation} attempt {attempt} began after the step's end")
        if line["once"] and (arn, operation, attempt) in begun:
            found.append(f"{arn} {operation} attempt {attempt} of a once step began twice")
        begun.add((arn, operation, attempt))
    return found


def wrong(journal: dict[str, Record], undisturbed: dict[str, Record]) -> list[str]:
    """Executions that did not come to what they come to in calm weather."""
    found = [f"{name} is only in one journal" for name in journal.keys() ^ undisturbed.keys()]
    for name in sorted(journal.keys() & undisturbed.keys()):
        for what, look in LOOKS.items():
            seen, expected = look(journal[name]), look(undisturbed[name])
            if seen != expected:
                found.append(f"{name}: {what} {seen}, in calm weather {expected}")
        if undisturbed[name].progress.status is not ExecutionStatus.SUCCEEDED:
            found.append(f"{name}: fails even in calm weather: {undisturbed[name].progress.error}")
        numbers = [event.number for event in journal[name].events]
        if numbers != list(range(1, len(numbers) + 1)):
            found.append(f"{name}: its events are numbered {numbers}")
    return found


LOOKS: dict[str, Callable[[Record], object]] = {
    "status": lambda record: record.progress.status,
    "result": lambda record: record.progress.result,
    "operations": lambda record: sorted(
        (operation.id, operation.kind, operation.name, operation.status)
        for operation in record.operations
        if operation.kind.value != "EXECUTION"
    ),
    "ends of operations": lambda record: sorted(
        (event.operation_id or "", event.type)
        for event in record.events
        if event.type in {"StepSucceeded", "WaitSucceeded"}
    ),
}

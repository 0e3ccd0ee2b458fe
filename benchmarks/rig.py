"""One run: a runtime as a process of its own, given one execution after another, measured from outside.

The rig is the Runtime API and the durable service to it. Initialisation is the time from the start of the process to
its first `next`. An invocation's wall time is that from the answer to `next` to the whole of the response; its CPU
time, of all threads, is what the process used between two `next`s, so that what runs after the response is in it. The
process has a CPU to itself, where the machine has more than one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qs, unquote

import orjson
from benchmarks.server import Connection, Request, Server
from benchmarks.service import FUNCTION, Execution, Refused
from benchmarks.speed import gauge
from benchmarks.workloads import Workload

__all__ = ["Contender", "Failed", "Invocation", "Rig", "Run"]

RUNTIME = "/2018-06-01/runtime/"
EXTENSION = "/2020-01-01/extension/"
DURABLE = "/2025-12-01/durable-executions/"
ACCEPTED = b'{"status":"OK"}'
PATIENCE = 120.0
"""Seconds that a run may take."""
SAID = 2000
"""Bytes of what a process wrote that are shown where it failed."""
CHECK = 0.25
"""Seconds between looks at whether the process still lives."""
ENVIRONMENT = {
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "benchmark-secret-benchmark-secret-benchm",
    "AWS_SESSION_TOKEN": "benchmark-session-" * 20,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[1]benchmark",
}
"""What Lambda sets."""


@dataclasses.dataclass(frozen=True, slots=True)
class Contender:
    """A runtime to measure."""

    name: str
    command: tuple[str, ...]
    folder: Path
    handler: str
    environ: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True)
class Invocation:
    """What one invocation took; times are in milliseconds."""

    recorded: int
    """Operations there were when it began."""
    wall: float = 0.0
    cpu: float = 0.0
    requests: int = 0
    reads: int = 0
    received: int = 0
    """Bytes of all requests to the service."""


@dataclasses.dataclass(slots=True)
class Run:
    """What a process took to start, and for its last execution."""

    init_wall: float = 0.0
    init_cpu: float = 0.0
    invocations: list[Invocation] = dataclasses.field(default_factory=list)
    memory: float = 0.0
    """The most it had, in MB."""
    threads: int = 0
    """The most there were when it asked the service for something, or responded; where they are counted."""
    foreign: float = 0.0
    """CPUs that neither it nor the rig kept busy meanwhile."""
    slow: float = 1.0
    """How much slower than at its best its CPU was, before or after."""


class Failed(Exception):
    """A run did not come to what it should."""


class Rig:
    """A Runtime API and a durable service for one process at a time."""

    def __init__(
        self,
        *,
        latency: float = 0.0,
        distance: float = 0.0,
        tls: ssl.SSLContext | None = None,
        counts_threads: bool = False,
        watch: Callable[[int, Workload | None, int], object] | None = None,
    ) -> None:
        """`latency` is the service's own time for a request, `distance` a round trip to it, both in seconds.

        `watch` is called while the process waits for an invocation, with its id, the workload that is coming, or None
        after the last, and how many of its invocations there were.
        """
        self._latency = latency
        self._watch = watch
        self._counts_threads = counts_threads
        self._tls = tls is not None
        self._server = Server()
        self._service_port = self._server.listen(self._service, tls, distance)
        self._runtime_port = self._server.listen(self._runtime)
        self._pid = 0
        self._gauge = gauge()
        self.output = ""
        """What the last process wrote, if all went well."""
        self._reset()

    def _reset(self) -> None:
        self._todo: list[Workload] = []
        self._workload: Workload | None = None
        self._execution: Execution | None = None
        self._invocation: Invocation | None = None
        self._began = 0.0
        self._spent = 0.0
        self._run: Run | None = None
        self._is_over = False
        self._failure = ""

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def run(self, contender: Contender, workloads: Sequence[Workload]) -> Run:
        """Start the process, hand it these executions one after another, and end it; the figures of the last one."""
        self._reset()
        self._todo = list(workloads)
        slow = self._slowness()
        with tempfile.TemporaryFile() as output:
            busy, own = busy_seconds(), time.process_time()
            self._began = time.perf_counter()
            process = self._started(contender, output.fileno())
            try:
                run = self._watched(process)
                elapsed = time.perf_counter() - self._began
                mine = time.process_time() - own + time.clock_gettime(clock_of(process.pid))
                run.foreign = max(0.0, busy_seconds() - busy - mine) / elapsed
            except Failed as failure:
                begin = max(0, output.seek(0, os.SEEK_END) - SAID)
                said = os.pread(output.fileno(), SAID, begin).decode(errors="replace")
                doing = self._workload.title if self._workload else "starting"
                raise Failed(f"{contender.name}, {doing}: {failure}\n{said}") from None
            finally:
                process.kill()
                process.wait()
                self._server.hang_up()
            run.slow = max(slow, self._slowness())
            output.seek(0)
            self.output = output.read().decode(errors="replace")
        return run

    def _started(self, contender: Contender, output: int) -> subprocess.Popen[bytes]:
        scheme = "https" if self._tls else "http"
        environ = ENVIRONMENT | {
            "PATH": os.environ.get("PATH", os.defpath),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._runtime_port}",
            "AWS_ENDPOINT_URL_LAMBDA": f"{scheme}://127.0.0.1:{self._service_port}",
            "LAMBDA_TASK_ROOT": str(contender.folder),
            "_HANDLER": contender.handler,
        }
        ours = os.sched_getaffinity(0)
        # A process inherits the CPUs it may use. The rig keeps the others for good, the child gets the last one.
        with on_the_last_cpu():
            process = subprocess.Popen(
                contender.command,
                cwd=contender.folder,
                env=environ | contender.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                close_fds=False,
            )
        if len(ours) > 1:
            os.sched_setaffinity(0, ours - {max(ours)})
        self._pid = process.pid
        self._all_cpus = ours
        return process

    def _watched(self, process: subprocess.Popen[bytes]) -> Run:
        end, look = self._began + PATIENCE, self._began + CHECK
        try:
            while not self._is_over:
                self._server.turn(0.1)
                now = time.perf_counter()
                if now > end:
                    self._failure = f"not done after {PATIENCE:g} seconds"
                if now > look:
                    look = now + CHECK
                    if process.poll() is not None:
                        self._failure = f"the process ended with {process.returncode}"
                if self._failure:
                    raise Failed(self._failure)
        finally:
            os.sched_setaffinity(0, self._all_cpus)
        assert self._run is not None  # noqa: S101  a run that is over has begun
        self._run.memory = peak_memory(self._pid)
        return self._run

    def _slowness(self) -> float:
        with on_the_last_cpu():
            return self._gauge.read()

    # The Runtime API

    def _runtime(self, connection: Connection, request: Request) -> None:
        if request.target.startswith(EXTENSION):
            # As on Lambda, an extension is told its name, and of its events only when there is one.
            if request.target.endswith("register"):
                self._server.send(connection, answer("200 OK", b"{}", "Lambda-Extension-Identifier: bench\r\n"))
            return
        path = request.target.removeprefix(RUNTIME)
        if path == "invocation/next":
            self._next(connection)
            return
        if path.endswith("/response"):
            self._responded(time.perf_counter(), request.body)
        else:
            self._failure = f"{path}: {request.body[:1000].decode(errors='replace')}"
        self._server.send(connection, answer("202 Accepted", ACCEPTED))

    def _next(self, connection: Connection) -> None:
        now, spent = time.perf_counter(), time.clock_gettime(clock_of(self._pid)) * 1000
        if self._run is None:
            self._run = Run(init_wall=(now - self._began) * 1000, init_cpu=spent)
        elif self._invocation:
            self._invocation.cpu = spent - self._spent
        self._spent = spent
        if self._execution is None or self._execution.status:
            if self._execution and self._workload:
                self._failure = complaint(self._execution, self._workload)
            if not self._todo:
                self._is_over = True
                if self._watch:
                    self._watch(self._pid, None, 0)
                return
            self._workload = self._todo.pop(0)
            self._run.invocations = []
            self._execution = Execution(self._workload.event, inline=self._workload.inline, page=self._workload.page)
        if self._watch:
            self._watch(self._pid, self._workload, len(self._run.invocations))
        self._invocation = Invocation(self._execution.recorded)
        self._run.invocations.append(self._invocation)
        event = self._execution.invocation()
        deadline = int((time.time() + 900) * 1000)
        headers = (
            f"Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-{self._invocation.recorded:012}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {deadline}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {FUNCTION}:1\r\n"
            "Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n"
        )
        self._sent = time.perf_counter()
        self._server.send(connection, answer("200 OK", event, headers))

    def _responded(self, now: float, body: bytes) -> None:
        if self._invocation is None or self._execution is None:
            self._failure = "a response to nothing"
            return
        self._invocation.wall = (now - self._sent) * 1000
        self._count_threads()
        response = orjson.loads(body)
        status = response.get("Status")
        if status == "SUCCEEDED":
            self._execution.status = status
            self._execution.result = self._execution.result or response.get("Result")
        elif status != "PENDING":
            self._failure = f"{status}: {body[:1000].decode(errors='replace')}"
        elif not self._execution.wake():
            self._failure = "PENDING, with nothing to wait for"

    def _count_threads(self) -> None:
        if self._run and self._counts_threads:
            self._run.threads = max(self._run.threads, sum(1 for _ in Path(f"/proc/{self._pid}/task").iterdir()))

    # The durable service

    def _service(self, connection: Connection, request: Request) -> None:
        arrived, execution, invocation = time.perf_counter(), self._execution, self._invocation
        path, _, query = request.target.removeprefix(DURABLE).partition("?")
        arn, _, verb = path.rpartition("/")
        try:
            if execution is None or invocation is None or unquote(arn) != execution.arn:
                raise Refused(f"no such execution: {arn}")  # noqa: TRY301  answered as the service's own are
            invocation.received += request.size
            if verb == "checkpoint":
                invocation.requests += 1
                said = execution.checkpoint(request.body)
            else:
                invocation.reads += 1
                asked = {name: values[0] for name, values in parse_qs(query).items()}
                said = execution.state(
                    asked.get("CheckpointToken", ""), asked.get("Marker", "0"), int(asked.get("MaxItems", 0))
                )
        except Refused as refused:
            self._failure = f"the service refused: {refused}"
            said = orjson.dumps({"message": str(refused)})
            name = "x-amzn-ErrorType: InvalidParameterValueException\r\n"
            self._server.send(connection, answer("400 Bad Request", said, name))
            return
        self._count_threads()
        # The time that the service takes is the rig's own work and, for the rest, waiting.
        self._server.send(connection, answer("200 OK", said), self._latency - (time.perf_counter() - arrived))


@contextlib.contextmanager
def on_the_last_cpu() -> Iterator[None]:
    """Where processes that are measured run."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(ours)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def answer(status: str, body: bytes, headers: str = "") -> bytes:
    """An HTTP response, with the headers that services send besides."""
    head = (
        f"HTTP/1.1 {status}\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n"
        f"x-amzn-RequestId: 11111111-2222-4333-8444-555555555555\r\n{headers}\r\n"
    )
    return head.encode() + body


def complaint(execution: Execution, workload: Workload) -> str:
    """What an execution did otherwise than the workload asks; empty if nothing."""
    result = orjson.loads(execution.result) if execution.result else None
    if result != workload.result:
        return f"the result is {result!r}, not {workload.result!r}"
    for move, count in workload.moves.items():
        if execution.moves.get(move, 0) != count:
            return f"{execution.moves.get(move, 0)} × {move}, not {count}"
    return ""


def clock_of(pid: int) -> int:
    """The clock of a process's CPU time, as Linux numbers them: all threads, in nanoseconds."""
    return (~pid << 3) | 2


def peak_memory(pid: int) -> float:
    """The most resident memory a process had, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def busy_seconds() -> float:
    """Seconds of CPU time that the machine has spent on anything."""
    ticks = [int(field) for field in Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:9]]
    idle, waiting = ticks[3:5]
    return (sum(ticks) - idle - waiting) / os.sysconf("SC_CLK_TCK")

"""One invocation of a durable function: envelope in, run, envelope out.

    read the envelope, and the rest of the state where it came in pages
    decode the event
    run the handler against the journal
    conclude: one function decides the status (`core/outcome.py`)

What this raises means that the invocation failed and Lambda should make it again; an execution that failed is an answer
like any other.
"""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any, NoReturn

from perdure.contexts import CURRENT_CONTEXT
from perdure.errors import DurableCallRefused, HandlerRefused, ReplayMismatch, SerdesError, ServiceError
from perdure_runtime.core.identity import Scope
from perdure_runtime.core.journal import Journal
from perdure_runtime.core.outcome import Answer, Ending, Failed, Pending, Raised, Returned, Stopped, Succeeded, conclude
from perdure_runtime.core.records import MILLISECONDS
from perdure_runtime.core.updates import execution_succeeded
from perdure_runtime.drivers.asking.functions import is_async, unwrapped
from perdure_runtime.drivers.calls import Calls, Setting
from perdure_runtime.drivers.committer import Committer
from perdure_runtime.drivers.context import LineContext
from perdure_runtime.drivers.frames import without_engine_frames
from perdure_runtime.drivers.line import Line
from perdure_runtime.drivers.run import Run
from perdure_runtime.drivers.signals import Stop
from perdure_runtime.envelope import PENDING, Envelope, ExecutionFacts, failed, is_too_large, read_envelope, succeeded
from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.scope import LogScope
from perdure_runtime.logs.settings import begin_invocation
from perdure_runtime.values import jsontext
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.sizes import checked_result
from perdure_runtime.values.work import described

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Durable, LambdaContext
    from perdure_runtime.codecs.chain import Chain
    from perdure_runtime.core.records import Record
    from perdure_runtime.drivers.aio import Aio
    from perdure_runtime.drivers.hub import Hub
    from perdure_runtime.host import Host
    from perdure_runtime.service.protocol import Service
    from perdure_runtime.values.annotations import Converter
    from perdure_runtime.values.forms import Forms

__all__ = ["Invocation", "Prepared"]

LATE = 1000
"""Milliseconds before the deadline from which on no body begins."""
DEBUG = 10  # as `logging` has it, which is not imported for a number


class Prepared:
    """A durable function made ready to be invoked; made by `Host.prepare`."""

    __slots__ = ("chain", "durable", "event", "forms", "host", "is_async", "masks", "result", "service")

    def __init__(
        self,
        durable: Durable[Any, Any],
        host: Host,
        service: Callable[[], Service],
        event: Converter,
        result: Converter,
        forms: Forms,
        chain: Chain | None,
    ) -> None:
        self.durable = durable
        self.is_async = is_async(unwrapped(durable.function))
        self.host = host
        self.service = service
        self.event = event
        self.result = result
        self.forms = forms
        self.chain = chain
        self.masks = chain.redactor if chain is not None and chain.redactor else None
        """What must not be shown in a line of this function's, if anything."""

    def answer(self, event: bytes, lambda_context: LambdaContext) -> bytes:
        """Answer one invocation; what it raises means "let Lambda make this invocation again"."""
        return Invocation(self, read_envelope(event), lambda_context).answer()

    def abandon(self, run: Run) -> NoReturn:
        """User code holds on to the thread: answer in its place, and give the process up."""
        _logger(run.committer.arn).critical("the workflow swallows its end over and over; this process is given up")
        answer = conclude(
            Stopped(),
            fatal=run.fatal,
            revoked=run.committer.revoked,
            stopped=True,
            on_mismatch=self.durable.options.on_mismatch,
        )
        match answer:
            case Failed(error):
                self.host.abandon(failed(described(error)))
            case Pending():
                self.host.abandon(PENDING)
            case _:  # without an answer Lambda makes the invocation again
                self.host.vanish()


class Invocation:
    """One invocation from its envelope to its answer."""

    __slots__ = ("_envelope", "_lambda_context", "_prepared", "_run")

    def __init__(self, prepared: Prepared, envelope: Envelope, lambda_context: LambdaContext) -> None:
        host = prepared.host
        begin_invocation(lambda_context.aws_request_id, getattr(lambda_context, "tenant_id", None), prepared.masks)
        host.chains.begin_invocation()
        self._prepared = prepared
        self._envelope = envelope
        self._lambda_context = lambda_context
        journal = Journal()
        committer = Committer(prepared.service(), envelope.arn, envelope.token, journal, host.client_token, host.ticker)
        # No method of this object's: the two would keep each other, and everything of the invocation, alive.
        self._run = Run(journal, committer, prepared.abandon)

    @property
    def _log(self) -> DurableLogger:
        """For what is told of the workflow as a whole; of most there is nothing to tell."""
        return _logger(self._envelope.arn)

    def answer(self) -> bytes:
        """Run the handler, and say how it ended."""
        run, host = self._run, self._prepared.host
        host.committer = run.committer
        try:
            # Never a local: the traceback of an error leads to this frame, which would keep the error.
            output = self._written(self._concluded(self._ending()))
            if run.spoilt:
                self._log.critical("code of a branch swallows its end over and over; this process is given up")
                host.abandon(output)
            return output
        finally:
            host.committer = None
            host.ticker.rest(run.committer)
            run.close()

    def _ending(self) -> Ending:
        """How the handler ended."""
        try:
            record = self._loaded()
            event = self._event(record)
        except ServiceError as error:
            self._run.fail(error)
            return Raised(error)
        except SerdesError as error:
            return Raised(error)
        return self._run_handler(record, event)

    def _loaded(self) -> Record:
        """The record of the execution itself, once all that is recorded is there, or what has come of it so far."""
        envelope, journal = self._envelope, self._run.journal
        journal.merge(envelope.operations, MILLISECONDS, envelope.size)
        if envelope.marker is None:
            journal.seal()
        else:
            from perdure_runtime.pages import Pages  # most executions fit their envelope

            service = self._prepared.service()
            Pages(service, envelope.arn, envelope.token, envelope.marker, journal, self._run.fail).begin()
        record = journal.execution
        if record is None:
            raise ServiceError("GetDurableExecutionState", "NoExecutionOperation", "the state holds no EXECUTION")
        return record

    def _event(self, record: Record) -> object:
        """The event, as the handler's annotation wants it; an execution without input has an empty one."""
        text = record.details.get("InputPayload")
        try:
            value = jsontext.parse(text) if text and text.strip() else {}
        except Unfit as error:  # whoever started the execution wrote this: no code of the function can mend it
            raise ValueError(f"the execution's input {error.reason}") from None
        return self._prepared.event.from_payload(value, root="event")

    def _run_handler(self, record: Record, event: object) -> Ending:
        prepared, run = self._prepared, self._run
        setting = Setting(
            run,
            ExecutionFacts(self._envelope.arn, record),
            self._lambda_context,
            prepared.forms,
            prepared.host.random,
            self._is_late,
            prepared.is_async,
            not prepared.durable.options.mode_aware,
            prepared.host.chains,
            prepared.chain,
        )
        scope = Scope(None, None, 0, run.journal.has_history)
        call = self._async_call if prepared.is_async else self._call
        try:
            result = call(setting, scope, event)
            return Returned(checked_result(prepared.result.to_text(result, root="result"), "result"))
        except Stop:
            return Stopped()
        except Exception as error:  # noqa: BLE001  the handler is user code
            return Raised(without_engine_frames(error))
        except BaseException as error:
            from perdure_runtime.drivers.cancelled import cancelled_within, is_cancellation

            if is_cancellation(error) and not run.stopping:
                return Raised(cancelled_within())
            if isinstance(error, BaseExceptionGroup) and (run.stopping or run.fatal is not None):
                return Stopped()  # a TaskGroup wraps what its tasks were unwound with
            raise

    def _is_late(self) -> bool:
        """Whether there is no time left to begin a body; the first has time, unless the process is about to end."""
        return self._prepared.host.ending or (
            self._run.worked and self._lambda_context.get_remaining_time_in_millis() < LATE
        )

    def _call(self, setting: Setting, scope: Scope, event: object) -> object:
        line = Line(setting, self._make_hub)
        context = LineContext(Calls(setting, scope, line))
        self._run.speaker = context.calls
        current = CURRENT_CONTEXT.set(context)
        try:
            result = self._prepared.durable.function(event, context)
        finally:
            CURRENT_CONTEXT.reset(current)
            if line.hub is not None:
                line.hub.finish()
                line.hub = None
        if isinstance(result, CoroutineType):
            result.close()
            reason = "it returned a coroutine; make it `async def` itself, so that it is seen to be asynchronous"
            raise HandlerRefused(self._prepared.durable.name, reason)
        return result

    def _make_hub(self, setting: Setting) -> Hub:
        from perdure_runtime.drivers.hub import Hub
        from perdure_runtime.drivers.strands import Strands

        host = self._prepared.host
        return Hub(setting, host.pool, Strands(setting), self._log, host.clock)

    def _async_call(self, setting: Setting, scope: Scope, event: object) -> object:
        from perdure_runtime.drivers.aio import Aio  # asyncio, only where it is needed

        aio = Aio(setting, self._prepared.host)
        result = aio.run(self._prepared.durable.function, event, scope)
        if not self._run.stopping:
            self._check_awaited(aio)
        return result

    def _check_awaited(self, aio: Aio) -> None:
        """Whether every operation was awaited to its end, now that the handler has returned."""
        if forgotten := aio.unstarted:
            names = ", ".join(str(call.identity) for call in forgotten)
            raise DurableCallRefused(names, "it was never awaited, so it never ran; await it, or take the call out")
        if cut_off := aio.cut_off:
            operations = [str(identity) for identity in cut_off]
            self._log.error("operations were cut off by the end of the workflow: await them", operations=operations)

    def _concluded(self, ending: Ending) -> Answer:
        """What to answer, once nothing is left unsent, and nothing recorded left unreached."""
        run, committer = self._run, self._run.committer
        try:
            if isinstance(ending, Returned) and not (run.stopping or run.fatal is not None or committer.over):
                self._check_reached()
                if run.fatal is None and is_too_large(ending.payload):
                    committer.end(execution_succeeded(self._prepared.host.clock(), ending.payload))
            committer.drain()
        except Exception as error:  # noqa: BLE001  the service's, or a bug in a client: what took effect is unknown
            run.fail(error)
        return conclude(
            ending,
            fatal=run.fatal,
            revoked=committer.revoked,
            stopped=run.stopping,
            on_mismatch=self._prepared.durable.options.on_mismatch,
        )

    def _check_reached(self) -> None:
        """A handler that is through has asked for all that is recorded, or it is not the code that recorded it."""
        missed = self._run.journal.unreached()
        if not missed:
            return
        names = [record.name or record.kind.value.lower() for record in missed]
        if self._prepared.host.strict:
            first = missed[0]
            gone = (("operation", f"{first.kind.lower()} {first.name or ''}".strip(), "never reached"),)
            self._run.fail(ReplayMismatch(first.id, gone, hint=f"{len(missed)} recorded operations were not reached"))
            return
        self._log.error("the workflow ended without reaching operations that are recorded", operations=names)

    def _tell_what_is_waited_for(self) -> None:
        if self._log.isEnabledFor(DEBUG):
            records = (self._run.journal.find(operation_id) for operation_id in self._run.waits_for)
            waits_for = [f"{it.kind.lower()} {it.name!r}" if it.name else it.kind.lower() for it in records if it]
            self._log.debug("the workflow is suspended", waits_for=waits_for)

    def _written(self, answer: Answer) -> bytes:
        if isinstance(answer, Succeeded):
            return succeeded("" if self._run.committer.completed else answer.payload)
        if isinstance(answer, Pending):
            self._tell_what_is_waited_for()
            return PENDING
        if isinstance(answer, Failed):
            self._log.error("the execution failed", exc_info=answer.error)
            return failed(self._prepared.forms.describe(answer.error))
        try:
            raise answer.error
        finally:
            del answer


def _logger(arn: str) -> DurableLogger:
    return DurableLogger(LogScope(arn))

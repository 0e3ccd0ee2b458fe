"""Asking for branches that run at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from perdure.functions import ChildOptions
from perdure.names import checked_name, default_name
from perdure_runtime.core.effects import Enter, Ok
from perdure_runtime.core.identity import branch_of
from perdure_runtime.core.operations.batch import batch
from perdure_runtime.core.operations.child import ChildWork, child, mapped, recorded
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.encoded import UNTOLD, EncodedChild, encoded_batch
from perdure_runtime.drivers.asking.functions import PLAIN_CHILD, check_serdes, is_step, plain_child
from perdure_runtime.drivers.asking.steps import step_inside
from perdure_runtime.drivers.calls import AskedOperation
from perdure_runtime.values.signatures import says_nothing

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Literal, TypeAlias

    from perdure import Batch, Completion, Serdes, Step
    from perdure_runtime.core.effects import Begun, Op, Outcome
    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.core.operations.protocols import BatchValues
    from perdure_runtime.core.outbox import Debtor
    from perdure_runtime.core.records import Record
    from perdure_runtime.drivers.calls import Asked, Calls
    from perdure_runtime.values.work import ChildValues

    Body: TypeAlias = Callable[..., Any]

__all__ = ["Body", "Code", "Kinds", "Policy", "ask_batch", "ask_map", "ask_parallel", "code_of", "parted"]

PARALLEL, MAP = "ctx.parallel()", "ctx.map()"


class Policy:
    """What `parallel` and `map` are told besides what to run."""

    def __init__(
        self,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Completion | None = None,
        flat: bool = False,  # noqa: FBT001, FBT002  in the order of the public parameters
        serdes: Serdes[Any] | None = None,
        item_serdes: Serdes[Any] | None = None,
        summary: Callable[[Batch[Any]], str] | None = None,
    ) -> None:
        self.name = name
        self.concurrency = concurrency
        self.completion = completion
        self.flat = flat
        self.serdes = serdes
        self.item_serdes = item_serdes
        self.summary = summary


class Kinds:
    """What `parallel` and `map` differ in."""

    def __init__(self, called: str, batch: str, branch: str, summary: Literal["MapResult", "ParallelResult"]) -> None:
        self.called = called
        self.batch = batch
        self.branch = branch
        self.summary = summary


OF_PARALLEL = Kinds(PARALLEL, Subtype.PARALLEL, Subtype.BRANCH, "ParallelResult")
OF_MAP = Kinds(MAP, Subtype.MAP, Subtype.ITEM, "MapResult")


class Code:
    """How a branch is run, but for its function; branches with nothing of their own besides have one in common."""

    __slots__ = ("asked", "encoded", "is_virtual", "options", "step", "subtype", "values", "work")

    def __init__(
        self,
        options: ChildOptions,
        subtype: str,
        values: ChildValues,
        encoded: EncodedChild,
        line: Debtor,
        *,
        is_virtual: bool = False,
        step: Step[..., Any] | None = None,
        asked: Asked | None = None,
    ) -> None:
        self.options = options
        self.subtype = subtype
        self.values = values
        """How the branch's result travels."""
        self.encoded = encoded
        """The same through codecs, as the branch records it."""
        self.is_virtual = is_virtual
        self.step = step
        """Where the branch is one step and nothing else."""
        self.asked = asked
        """Where the branch is an operation that was asked for already."""
        self.work = ChildWork(values if is_virtual else encoded, line, is_virtual, options.on_error)
        """How a branch records what it comes to."""

    def work_given(self, record: Record | None) -> ChildWork:
        """The same for a branch that has this record."""
        values = self.encoded.given(record)
        work = self.work
        return work if values is self.encoded else ChildWork(values, work.line, work.virtual, work.on_error)


def ask_parallel(calls: Calls[Any], branches: Any, policy: Policy) -> AskedOperation:  # noqa: ANN401  typed by the sdk
    """`ctx.parallel([…])`, or with a mapping of names to functions."""
    calls.admit(PARALLEL)
    if isinstance(branches, Mapping):
        named: list[tuple[str | None, Any]] = [(checked_name(name), fn) for name, fn in branches.items()]
    elif isinstance(branches, Sequence) and not isinstance(branches, (str, bytes)):
        named = [(None, fn) for fn in branches]
    else:
        raise TypeError(f"{PARALLEL} takes a list of functions or a mapping of names to them, not {branches!r}")
    alike: dict[CodeType, Code] = {}
    bodies, codes = parted([code_of(calls, fn, OF_PARALLEL, policy, alike) for _, fn in named])
    names = [
        name or code.options.name or f"parallel-branch-{index}"
        for index, ((name, _), code) in enumerate(zip(named, codes, strict=True))
    ]
    return ask_batch(calls, OF_PARALLEL, policy, bodies, codes, names, policy.name)


def ask_map(
    calls: Calls[Any],
    fn: Any,  # noqa: ANN401  typed by the sdk
    items: Sequence[Any],
    namer: Callable[[Any, int], str] | None,
    policy: Policy,
) -> AskedOperation:
    """`ctx.map(fn, items)`."""
    calls.admit(MAP)
    if not isinstance(items, Sequence) or isinstance(items, (str, bytes)):
        raise TypeError(f"{MAP} takes a list of items, whose order is the same at every replay, not {_kind(items)}")
    inputs = tuple(items)  # what the caller does to the list afterwards changes nothing
    body, code = code_of(calls, fn, OF_MAP, policy, {})
    names: Sequence[str]
    if namer is None:
        names = _item_names(len(inputs))
    else:
        names = [checked_name(namer(item, index)) for index, item in enumerate(inputs)]
    name = policy.name if policy.name is not None else code.options.name or default_name(body)
    total = len(inputs)
    return ask_batch(calls, OF_MAP, policy, [_with_item(body, inputs)] * total, [code] * total, names, name, inputs)


@lru_cache(4)
def _item_names(total: int) -> Sequence[str]:
    """The names of as many items; a map that goes on in the same process asks for them again and again."""
    return tuple(f"map-item-{index}" for index in range(total))


def ask_batch(
    calls: Calls[Any],
    kinds: Kinds,
    policy: Policy,
    bodies: list[Body],
    codes: list[Code],
    names: Sequence[str],
    name: str | None,
    inputs: tuple[Any, ...] | None = None,
) -> AskedOperation:
    calls.check_depth(kinds.called)
    setting = calls.setting
    total = len(names)
    completion = _checked(kinds, policy, total)
    batch_values = setting.forms.of_batch(
        kinds.summary, [code.values for code in codes].__getitem__, policy.serdes, policy.summary
    )
    identity, record = calls.ask(Kind.CONTEXT, kinds.batch, name)
    scope = calls.inner(identity)
    values = encoded_batch(setting, identity, record, batch_values, setting.chain)
    branches = Branches(calls, identity, scope, bodies, codes, names, inputs, policy.concurrency, completion, values)
    return AskedOperation(identity, record, batch(setting.run.journal, identity, scope, branches))


class Branches:
    """The branches of one batch, by their index, and what else there is to it: `BatchWork` for the core."""

    def __init__(
        self,
        calls: Calls[Any],
        identity: Identity,
        scope: Scope,
        bodies: list[Body],
        codes: list[Code],
        names: Sequence[str],
        inputs: tuple[Any, ...] | None,
        limit: int | None,
        completion: Completion | None,
        values: BatchValues,
    ) -> None:
        self._calls = calls
        self._identity = identity
        self._scope = scope
        self._bodies = bodies
        """The function of each branch, of its context alone."""
        self._codes = codes
        self._names = names
        self._inputs = inputs
        """The items of a map, which its code is called with."""
        self.total = len(names)
        self.limit = limit
        self.completion = completion
        self.values = values
        self.line = calls.home
        self.is_read_from_branches = inputs is None and any(code.asked is not None for code in codes)

    def name_of(self, index: int) -> str:
        """What a branch is called."""
        return self._names[index]

    def identity_of(self, index: int) -> Identity:
        """Which operation a branch is."""
        code = self._codes[index]
        if code.asked is not None:
            return code.asked.identity
        return branch_of(self._identity, index, code.subtype, self._names[index], self._scope.parent)

    def branch(self, index: int) -> Begun[Any]:
        """A branch's outcome where that is recorded, else what has to be driven."""
        calls, scope = self._calls, self._scope
        code, journal = self._codes[index], calls.run.journal
        if code.asked is not None:
            return _performed(calls, code.asked)
        owner = branch_of(self._identity, index, code.subtype, self._names[index], scope.parent)
        work, record = code.work, None
        if code.is_virtual:
            journal.ask_virtual(owner)
        elif (record := journal.ask(owner)) is not None:
            outcome = recorded(owner, code.encoded, code.options.on_error, record)
            if outcome is not None:
                return outcome
            work = code.work_given(record)
        inner = scope.inside(owner, code.is_virtual)
        inner.index, inner.total = index, len(self._codes)
        if code.step is None:
            return child(journal, owner, inner, work, Enter(self._bodies[index], inner), record)
        args = () if self._inputs is None else (self._inputs[index],)
        return child(journal, owner, inner, work, partial(step_inside, calls.setting, inner, code.step, args), record)

    def foretold(self) -> dict[int, Ok[Any]]:
        """How the branches of a map ended whose recorded result tells that; they are all alike, and read in one go."""
        if not self._inputs or (code := self._codes[0]).is_virtual:
            return {}
        journal = self._calls.run.journal
        texts = journal.results_of_branches(self._identity.id, code.subtype, self._names, self._scope.parent)
        values = code.encoded.all_at_a_glance(list(texts.values()))
        # All others are left to their branches, where code of the user's may have a part in reading them.
        return {index: Ok(value) for index, value in zip(texts, values, strict=True) if value is not UNTOLD}

    def is_recorded(self, index: int) -> bool:
        """Whether a branch is a context with a record of its own."""
        code = self._codes[index]
        return not code.is_virtual and code.asked is None

    def revive(self, index: int, error: Mapping[str, object]) -> Exception:
        """The exception that a branch's recorded error stands for."""
        code = self._codes[index]
        revived = code.values.revive(dict(error), self.identity_of(index), 0)
        return revived if code.options.on_error is None else mapped(code.options.on_error, revived)


def _with_item(body: Callable[..., Any], items: tuple[Any, ...]) -> Callable[[Any], Any]:
    """The code of a map as a function of a branch's context alone, which knows which item it is for."""
    return lambda context: body(context, items[context.calls.scope.index])


def _performed(calls: Calls[Any], asked: Asked) -> Op[Outcome[Any]]:
    """An operation of the context around, driven as a branch."""
    calls.begins(asked)
    outcome = yield from asked.driven()
    calls.ended(asked)
    return outcome


def code_of(
    calls: Calls[Any],
    fn: Any,  # noqa: ANN401  typed by the sdk
    kinds: Kinds,
    policy: Policy,
    alike: dict[CodeType, Code],
) -> tuple[Body, Code]:
    """The function of a branch and its code; functions of one `def` or lambda have that in common, in `alike`."""
    origin: CodeType | None = fn.__code__ if says_nothing(fn) else None
    if origin is not None and (known := alike.get(origin)) is not None:
        return fn, known
    setting = calls.setting
    step = fn if is_step(fn) else None
    if step is not None:
        check_serdes(kinds.called, "serdes", step.settings.serdes)
        body, options = step.function, PLAIN_CHILD
        # The branch records what the step does once more, so it goes the same way.
        codecs = step.settings.codecs
    else:
        body, options = plain_child(fn, kinds.called, is_async_workflow=setting.is_async)
        codecs = options.codecs
    forms = options
    if options.serdes is None and policy.item_serdes is not None:
        forms = ChildOptions(serdes=policy.item_serdes, summary=options.summary)
    elif step is not None and step.settings.serdes is not None:
        forms = ChildOptions(serdes=step.settings.serdes)
    values = setting.forms.of_child(body, forms)
    code = Code(
        options,
        options.subtype or kinds.branch,
        values,
        EncodedChild(setting, values, setting.chain_of(codecs, body)),
        calls.home,
        is_virtual=policy.flat or options.virtual,
        step=step,
    )
    if origin is not None:
        alike[origin] = code
    return body, code


def parted(found: list[tuple[Body, Code]]) -> tuple[list[Body], list[Code]]:
    return [body for body, _ in found], [code for _, code in found]


def _checked(kinds: Kinds, policy: Policy, total: int) -> Completion | None:
    """The policy of completion; what cannot be met is refused before anything is recorded."""
    limit, completion = policy.concurrency, policy.completion
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
        raise TypeError(f"{kinds.called}: concurrency is a whole number, not {_kind(limit)}")
    if limit is not None and limit < 1:
        raise ValueError(f"{kinds.called}: concurrency is 1 or more, or None for no limit, not {limit}")
    if completion is not None:
        from perdure.completions import Completion

        if not isinstance(completion, Completion):
            raise TypeError(f"{kinds.called}: completion is a Completion, not {_kind(completion)}")
        completion.check(total)
    check_serdes(kinds.called, "serdes", policy.serdes)
    check_serdes(kinds.called, "item_serdes", policy.item_serdes)
    if policy.summary is not None and not callable(policy.summary):
        raise TypeError(f"{kinds.called}: summary is a function of the batch, not {_kind(policy.summary)}")
    return completion


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"

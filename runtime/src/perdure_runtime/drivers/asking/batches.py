"""Asking for branches that run at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from perdure.children import ChildOptions
from perdure.completions import Completion
from perdure.names import checked_name, default_name
from perdure.steps import Step
from perdure_runtime.core.effects import enter
from perdure_runtime.core.identity import branch_of
from perdure_runtime.core.operations.batch import BatchWork, batch
from perdure_runtime.core.operations.child import ChildWork, child, mapped
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.children import check_depth
from perdure_runtime.drivers.asking.encoded import encoded_batch, encoded_child
from perdure_runtime.drivers.asking.functions import check_serdes, plain_child
from perdure_runtime.drivers.asking.steps import step_inside
from perdure_runtime.drivers.calls import Asked
from perdure_runtime.drivers.durable_call import DurableCall
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Batch, Serdes
    from perdure_runtime.codecs.chain import Chain
    from perdure_runtime.core.effects import Op, Outcome
    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.core.operations.child import ChildValues as CoreChildValues
    from perdure_runtime.drivers.calls import Calls, Setting
    from perdure_runtime.values.work import ChildValues

__all__ = ["Policy", "ask_branches", "ask_map", "ask_parallel"]

PARALLEL, MAP = "ctx.parallel()", "ctx.map()"
PLAIN_CHILD = ChildOptions()


class Policy(NamedTuple):
    """What `parallel` and `map` are told besides what to run."""

    name: str | None = None
    concurrency: int | None = None
    completion: Completion | None = None
    flat: bool = False
    serdes: Serdes[Any] | None = None
    item_serdes: Serdes[Any] | None = None
    summary: Callable[[Batch[Any]], str] | None = None


class Code(NamedTuple):
    """What one branch runs, or all branches of a map."""

    body: Callable[..., Any]
    name: str | None
    options: ChildOptions
    step: Step[..., Any] | None = None
    """Where the branch is one step and nothing else."""
    asked: Asked | None = None
    """Where the branch is an operation that was asked for already."""
    chain: Chain | None = None
    """What the branch's result goes through."""


class Kinds(NamedTuple):
    """What `parallel` and `map` differ in."""

    called: str
    batch: str
    branch: str
    summary: Literal["MapResult", "ParallelResult"]


OF_PARALLEL = Kinds(PARALLEL, Subtype.PARALLEL, Subtype.BRANCH, "ParallelResult")
OF_MAP = Kinds(MAP, Subtype.MAP, Subtype.ITEM, "MapResult")


def ask_parallel(calls: Calls[Any], branches: Any, policy: Policy) -> Asked:  # noqa: ANN401  typed by the sdk
    """`ctx.parallel([…])`, or with a mapping of names to functions."""
    calls.admit(PARALLEL)
    if isinstance(branches, Mapping):
        named: list[tuple[str | None, Any]] = [(checked_name(name), fn) for name, fn in branches.items()]
    elif isinstance(branches, Sequence) and not isinstance(branches, (str, bytes)):
        named = [(None, fn) for fn in branches]
    else:
        raise TypeError(f"{PARALLEL} takes a list of functions or a mapping of names to them, not {branches!r}")
    codes = [_code(calls.setting, fn, name, PARALLEL) for name, fn in named]
    names = [code.name or code.options.name or f"parallel-branch-{index}" for index, code in enumerate(codes)]
    return _ask(calls, OF_PARALLEL, policy, codes, names, policy.name)


def ask_branches(calls: Calls[Any], called: str, branches: tuple[Any, ...], policy: Policy) -> Asked:
    """What the combinators are made of: functions of a context, and in an async workflow operations as well."""
    operations = [branch for branch in branches if isinstance(branch, DurableCall)]
    for operation in operations:
        operation.check_new()  # all of them, before any of them is taken
        if operation.is_virtual:
            # Nothing would tell what a loser has recorded from what the workflow records besides.
            raise TypeError(
                f"the {operation.identity} is virtual; hand the function over, without calling run_in_child_context"
            )
    if len(set(map(id, operations))) < len(operations):
        raise RuntimeError(f"{called} is given the same operation twice; an operation is awaited once")
    adopted = [_adopted(branch) for branch in branches]
    codes = [
        _code(calls.setting, branch, None, called) if asked is None else Code(_no_code, None, PLAIN_CHILD, asked=asked)
        for branch, asked in zip(branches, adopted, strict=True)
    ]
    names = [code.options.name or f"parallel-branch-{index}" for index, code in enumerate(codes)]
    kinds = OF_PARALLEL._replace(called=called)
    return _ask(calls, kinds, policy, codes, names, policy.name)


def ask_map(
    calls: Calls[Any],
    fn: Any,  # noqa: ANN401  typed by the sdk
    items: Sequence[Any],
    namer: Callable[[Any, int], str] | None,
    policy: Policy,
) -> Asked:
    """`ctx.map(fn, items)`."""
    calls.admit(MAP)
    if not isinstance(items, Sequence) or isinstance(items, (str, bytes)):
        raise TypeError(f"{MAP} takes a list of items, whose order is the same at every replay, not {_kind(items)}")
    inputs = tuple(items)  # what the caller does to the list afterwards changes nothing
    code = _code(calls.setting, fn, None, MAP)
    if namer is None:
        names = [f"map-item-{index}" for index in range(len(inputs))]
    else:
        names = [checked_name(namer(item, index)) for index, item in enumerate(inputs)]
    name = policy.name if policy.name is not None else code.options.name or default_name(code.body)
    return _ask(calls, OF_MAP, policy, [code] * len(inputs), names, name, inputs)


def _ask(
    calls: Calls[Any],
    kinds: Kinds,
    policy: Policy,
    codes: list[Code],
    names: list[str],
    name: str | None,
    inputs: tuple[Any, ...] | None = None,
) -> Asked:
    check_depth(calls, kinds.called)
    setting = calls.setting
    total = len(names)
    completion = _checked(kinds, policy, total)
    check_serdes(kinds.called, "serdes", policy.serdes)
    check_serdes(kinds.called, "item_serdes", policy.item_serdes)
    if policy.summary is not None and not callable(policy.summary):
        raise TypeError(f"{kinds.called}: summary is a function of the batch, not {_kind(policy.summary)}")
    values_of = _values(setting, policy.item_serdes)
    values = setting.forms.of_batch(kinds.summary, lambda index: values_of(codes[index]), policy.serdes, policy.summary)
    identity, record = calls.ask(Kind.CONTEXT, kinds.batch, None if name is None else checked_name(name))
    scope = calls.inner(identity)

    def identity_of(index: int) -> Identity:
        code = codes[index]
        if code.asked is not None:
            return code.asked.identity
        return branch_of(identity, index, code.options.subtype or kinds.branch, names[index], scope.parent)

    def branch(index: int) -> Op[Outcome[Any]]:
        code = codes[index]
        if code.asked is not None:
            return _performed(calls, code.asked)
        virtual = policy.flat or code.options.virtual
        inner = scope.inside(identity_of(index), virtual=virtual)
        inner.replaying = scope.replaying and setting.run.journal.find(inner.peek()) is not None
        inner.index, inner.total = index, total
        args = () if inputs is None else (inputs[index],)
        return _branch(setting, inner, code, args, values_of(code), virtual=virtual)

    def is_recorded(index: int) -> bool:
        code = codes[index]
        return not (policy.flat or code.options.virtual) and code.asked is None

    def revive(index: int, error: Mapping[str, object]) -> Exception:
        code = codes[index]
        revived = values_of(code).revive(dict(error), identity_of(index), 0)
        return revived if code.options.on_error is None else mapped(code.options.on_error, revived)

    work = BatchWork(
        total,
        policy.concurrency,
        completion,
        branch,
        identity_of,
        names.__getitem__,
        is_recorded,
        revive,
        encoded_batch(setting, identity, record, values, setting.chain),
        is_read_from_branches=any(code.asked is not None for code in codes),
    )
    return Asked(identity, record, batch(setting.run.journal, identity, scope, work))


def _branch(
    setting: Setting, scope: Scope, code: Code, args: tuple[Any, ...], values: ChildValues, *, virtual: bool
) -> Op[Outcome[Any]]:
    journal, identity = setting.run.journal, scope.owner
    assert identity is not None  # noqa: S101  the branch's own
    encoded: CoreChildValues = values
    if virtual:
        journal.ask_virtual(identity)
    else:
        encoded = encoded_child(setting, identity, journal.ask(identity), values, code.chain)

    def run() -> Op[Outcome[Any]]:
        if code.step is not None:
            return step_inside(setting, scope, (code.body, args), code.step.settings)
        return enter(lambda context: code.body(context, *args), scope)

    work = ChildWork(run, encoded, virtual, code.options.on_error)
    return child(journal, identity, scope, work)


def _performed(calls: Calls[Any], asked: Asked) -> Op[Outcome[Any]]:
    """An operation of the context around, driven as a branch."""
    calls.begins(asked)
    outcome = yield from asked.operation
    calls.ended(asked)
    return outcome


def _adopted(branch: Any) -> Asked | None:  # noqa: ANN401  typed by the sdk
    """The operation that an async workflow made and now hands over instead of awaiting it."""
    if not isinstance(branch, DurableCall):
        return None
    return branch.adopt()


def _no_code() -> None:
    """Stands for the code of a branch that is an operation."""


def _code(setting: Setting, fn: Any, name: str | None, called: str) -> Code:  # noqa: ANN401  typed by the sdk
    if isinstance(fn, Step):
        check_serdes(called, "serdes", fn.settings.serdes)
        # The branch records what the step does once more, so it goes the same way.
        chain = setting.chain_of(fn.settings.codecs, fn.function)
        return Code(fn.function, name, PLAIN_CHILD, step=fn, chain=chain)
    body, options = plain_child(fn, called, is_async_workflow=setting.is_async)
    return Code(body, name, options, chain=setting.chain_of(options.codecs, body))


def _values(setting: Setting, item_serdes: Serdes[Any] | None) -> Callable[[Code], ChildValues]:
    """The forms of a branch's result, made once for each function."""
    known: dict[tuple[int, int], ChildValues] = {}

    def of(code: Code) -> ChildValues:
        key = (id(code.body), id(code.options))
        values = known.get(key)
        if values is None:
            options = code.options
            if options.serdes is None and item_serdes is not None:
                options = ChildOptions(serdes=item_serdes, summary=options.summary)
            elif options.serdes is None and code.step is not None and code.step.settings.serdes is not None:
                options = ChildOptions(serdes=code.step.settings.serdes)
            values = known[key] = setting.forms.of_child(code.body, options)
        return values

    return of


def _checked(kinds: Kinds, policy: Policy, total: int) -> Completion:
    """The policy of completion; what cannot be met is refused before anything is recorded."""
    limit = policy.concurrency
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
        raise TypeError(f"{kinds.called}: concurrency is a whole number, not {_kind(limit)}")
    if limit is not None and limit < 1:
        raise ValueError(f"{kinds.called}: concurrency is 1 or more, or None for no limit, not {limit}")
    completion = Completion.ALL_SUCCESSFUL if policy.completion is None else policy.completion
    if not isinstance(completion, Completion):
        raise TypeError(f"{kinds.called}: completion is a Completion, not {_kind(completion)}")
    completion.check(total)
    return completion


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"

"""Any exception, with what led to it, comes out of any operation as it went in, live and on replay."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdure import ChildContextError, RecordedError, Retry, StepError, step
from perdure_runtime.values.origins import wire_name
from support.colours import ASYNC, SYNC
from support.exceptions import (
    Busy,
    Coded,
    Composed,
    Declined,
    Defaulted,
    Fixed,
    Forbidden,
    Frozen,
    Needy,
    Outer,
    Ranked,
    Reduced,
    Refund,
    Several,
    Slotted,
    Spelled,
    Stubborn,
    Told,
)
from support.hosting import run, status

LEVELS = ["child", "branch", "retried"]
NEVER_REBUILT = (Composed, Needy)
ENGINES = ("raised by the operation ", "the recorded traceback:")


class Recipe(NamedTuple):
    """How to make an exception: it is made anew wherever one is raised."""

    kind: type[Exception]
    args: tuple[Any, ...]
    keywords: dict[str, Any]
    attributes: dict[str, Any]
    notes: list[str]
    cause: Recipe | None
    context: Recipe | None
    is_hidden: bool
    members: list[Recipe]


def made(recipe: Recipe) -> Exception:
    args = recipe.args
    if recipe.members:
        args = (args[0], [made(member) for member in recipe.members], *args[1:])
    error = recipe.kind(*args, **recipe.keywords)
    vars(error).update(recipe.attributes)
    if recipe.notes:
        vars(error)["__notes__"] = list(recipe.notes)
    if recipe.cause is not None:
        BaseException.__setattr__(error, "__cause__", made(recipe.cause))
    if recipe.context is not None:
        BaseException.__setattr__(error, "__context__", made(recipe.context))
    if recipe.is_hidden:
        BaseException.__setattr__(error, "__suppress_context__", True)
    return error


def seen(error: BaseException | None) -> Any:
    """All that an exception says, comparable."""
    if error is None:
        return None
    is_stand_in = type(error) in {StepError, ChildContextError} and error.__cause__ is not None
    account: Any = error.__cause__ if is_stand_in else error
    notes = [note for note in getattr(error, "__notes__", []) if not note.startswith(ENGINES)]
    around = (notes, seen(account.__cause__), seen(account.__context__), account.__suppress_context__)
    if isinstance(account, RecordedError):
        return "recorded", account.error_type, account.message, *around
    if isinstance(error, NEVER_REBUILT):
        return "recorded", wire_name(type(error)), str(error), *around
    public = {name: value for name, value in vars(error).items() if not name.startswith("_")}
    public |= {"code": getattr(error, "code", None)}
    members = [seen(member) for member in getattr(error, "exceptions", ())]
    args = (error.args[0], *error.args[2:]) if members else error.args
    return type(error), repr(args), str(error), repr(sorted(public.items())), members, *around


values: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8)
)
values |= st.tuples(st.text(max_size=3)) | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
texts = st.text(max_size=5)
attributes = st.integers() | texts.map("at {}".format)  # one that repeats the message is left to the constructor


def call(kind: type[Exception], *args: Any, **keywords: Any) -> Any:
    return st.tuples(st.just(kind), st.tuples(*args), st.fixed_dictionaries(keywords))


calls = st.one_of(
    st.tuples(
        st.sampled_from([ValueError, KeyError, RuntimeError, LookupError, Declined, Fixed, Outer.Inner, Forbidden]),
        st.lists(values, max_size=3).map(tuple),
        st.just({}),
    ),
    call(OSError, st.integers(1, 20), texts, texts),
    call(AttributeError, texts, name=texts),
    call(ModuleNotFoundError, texts, name=texts, path=texts),
    call(Coded, st.integers(), texts),
    call(Defaulted, texts, st.integers()),
    call(Reduced, texts),
    call(Stubborn, texts),
    call(Slotted, texts),
    call(Refund, st.integers(), why=texts),
    call(Frozen, code=st.integers()),
    call(Spelled, code=st.integers()),
    call(Told, st.integers()),
    call(Busy, st.integers(0, 99), texts),
    call(Composed, texts),
    call(Needy, code=st.integers()),
)
groups: st.SearchStrategy[Any] = st.sampled_from(
    [(ExceptionGroup, ("many",), {}), (Several, ("",), {}), (Ranked, ("ranked", 5), {})]
)


@st.composite
def recipes(draw: st.DrawFn, depth: int = 2, *, is_group: bool = False) -> Recipe:
    inner = st.none() if depth == 0 else st.none() | recipes(depth - 1)
    members = draw(st.lists(recipes(depth - 1, is_group=depth > 1), min_size=1, max_size=2)) if is_group else []
    kind, args, keywords = draw(groups if is_group else calls)
    return Recipe(
        kind,
        args,
        keywords,
        draw(st.dictionaries(st.sampled_from(["why", "where"]), attributes, max_size=2)),
        draw(st.lists(texts.filter(lambda note: not note.startswith(ENGINES)), max_size=2)),
        draw(inner),
        draw(inner),
        draw(st.booleans()),
        members,
    )


def carried(colour: Any, levels: list[str], body: Any) -> Any:
    """Code of a context that fails with what the body raises, each level in an operation of its own."""
    inner = carried(colour, levels[1:], body) if levels else None

    @colour  # type: ignore[untyped-decorator]
    def code(ctx: Any, *_: Any) -> Any:
        if inner is None:
            yield ctx.step(body)
        elif levels[0] == "branch":
            batch = yield ctx.parallel([inner])
            raise batch.items[0].error
        elif levels[0] == "retried":
            yield ctx.with_retry(inner, retry=Retry.NONE)
        else:
            yield ctx.run_in_child_context(inner)

    return code


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.parametrize("colour", [SYNC, ASYNC], ids=["sync", "async"])
@settings(max_examples=10)
@given(recipes() | recipes(is_group=True), st.lists(st.sampled_from(LEVELS), max_size=3), st.booleans())
def test_an_exception_comes_out_as_it_went_in(colour: Any, recipe: Recipe, levels: list[str], is_async: Any) -> None:
    caught: list[Any] = []

    def body() -> None:
        raise made(recipe)

    async def async_body() -> None:
        raise made(recipe)

    code = carried(colour, levels, step(async_body if is_async else body, retry=Retry.NONE))

    @colour  # type: ignore[untyped-decorator]
    def workflow(event: Any, ctx: Any) -> Any:
        try:
            yield ctx.run_in_child_context(code)
        except Exception as error:  # noqa: BLE001  any of them
            notes = [note.partition(" (")[0] for note in error.__notes__ if note.startswith(ENGINES[0])]
            caught.append((seen(error), notes))
        yield ctx.wait(1)

    assert status(run(workflow)) == "SUCCEEDED"
    live, replayed = caught
    assert live == replayed
    assert live[0] == seen(made(recipe))
    assert len(live[1]) == len(levels) + 2

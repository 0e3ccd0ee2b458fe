import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.core.identity import Identity, Scope, branch_of, differences, hashed, idempotency_key
from perdure_runtime.core.journal import Journal
from perdure_runtime.core.records import Record
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.quota import MOST_OPERATIONS

ROOT_1 = "1ced8f5be2db23a6513eba4d819c73806424748a7bc6fa0d792cc1c7d1775a97"
ROOT_2 = "c5faca15ac2f93578b39ef4b6bbb871bdedce4ddd584fd31f0bb66fade3947e6"
FIRST_INSIDE_1 = "974bfc6321e227b0ff101342eaf19b336f002dc6cc99c18f0941a7755cc20fc4"
BRANCH_0_OF_1 = "1712f93e2f51df042e2b933907d75accfe34a48fe4a42a24e0b08131bc72d591"
FIRST_INSIDE_BRANCH_0 = "48550629202cb2d0e1bd4f07d826361bbd2defa71565264c01647fc2da0e9b1e"
"""The vectors of PROTOCOL 3.1."""


def test_ids_at_the_root_are_the_official_python_sdks():
    scope = Scope()
    taken = [scope.take(Kind.STEP, Subtype.STEP, name).id for name in ("a", "b")]
    assert taken == [ROOT_1, ROOT_2]


def context(scope, subtype=Subtype.CHILD, name=None):
    return scope.take(Kind.CONTEXT, subtype, name)


def test_a_process_remembers_the_ids_of_one_execution_at_least_and_not_all():
    for number in range(MOST_OPERATIONS):
        hashed(f"{number}")
    made = hashed.cache_info().misses
    for number in range(MOST_OPERATIONS):
        hashed(f"{number}")
    assert hashed.cache_info().misses == made
    assert hashed.cache_info().maxsize is not None


def test_a_process_keeps_the_ids_of_the_first_calls_at_the_root(monkeypatch):
    kept = []
    monkeypatch.setattr("perdure_runtime.core.identity.AT_ROOT", kept)
    monkeypatch.setattr("perdure_runtime.core.identity.MOST_IDS", 2)
    for _ in range(2):
        scope = Scope()
        assert scope.id_after(1) == ROOT_2  # of a call that is still to come
        assert [context(scope).id for _ in range(3)] == [ROOT_1, ROOT_2, hashed("3")]
    assert kept == [ROOT_1, ROOT_2]
    inside = Scope().inside(Identity(ROOT_1, Kind.CONTEXT, Subtype.CHILD, None, None))
    assert context(inside).id == FIRST_INSIDE_1
    assert kept == [ROOT_1, ROOT_2]


def test_ids_inside_a_context_are_the_official_python_sdks():
    root = Scope()
    inside = root.inside(context(root))
    identity = inside.take(Kind.WAIT, Subtype.WAIT, None)
    assert (identity.id, identity.parent) == (FIRST_INSIDE_1, ROOT_1)


def test_branch_ids_are_the_official_python_sdks_and_counted_from_0():
    root = Scope()
    mapped = context(root, Subtype.MAP)
    branch = branch_of(mapped, 0, Subtype.ITEM, "map-item-0", mapped.id)
    assert branch == Identity(BRANCH_0_OF_1, Kind.CONTEXT, "MapIteration", "map-item-0", ROOT_1)
    first = root.inside(mapped).inside(branch).take(Kind.STEP, Subtype.STEP, None)
    assert (first.id, first.parent) == (FIRST_INSIDE_BRANCH_0, BRANCH_0_OF_1)


def test_a_branch_is_the_same_one_whatever_it_is_called_and_whenever_it_begins():
    mapped = context(Scope(), Subtype.MAP)
    named = branch_of(mapped, 1, Subtype.ITEM, "b", None)
    assert branch_of(mapped, 1, Subtype.BRANCH, None, mapped.id).id == named.id
    assert branch_of(mapped, 0, Subtype.ITEM, "b", None).id != named.id


def test_a_virtual_context_takes_a_place_and_numbers_for_itself_but_reports_to_the_one_around():
    root = Scope()
    virtual = context(root)
    inside = root.inside(virtual, virtual=True).take(Kind.STEP, Subtype.STEP, None)
    assert (inside.id, inside.parent) == (FIRST_INSIDE_1, None)
    assert root.take(Kind.STEP, Subtype.STEP, None).id == ROOT_2


def test_a_flat_branch_reports_to_its_batch():
    root = Scope()
    mapped = context(root, Subtype.MAP)
    inside = root.inside(mapped)
    branch = branch_of(mapped, 0, Subtype.ITEM, None, inside.parent)
    first = inside.inside(branch, virtual=True).take(Kind.STEP, Subtype.STEP, None)
    assert (first.id, first.parent) == (FIRST_INSIDE_BRANCH_0, ROOT_1)


def test_contexts_inside_virtual_ones_report_to_the_nearest_recorded_one():
    scope = Scope()
    recorded = context(scope)
    scope = scope.inside(recorded)
    for _ in range(3):
        scope = scope.inside(context(scope), virtual=True)
    assert scope.take(Kind.STEP, Subtype.STEP, None).parent == recorded.id


def test_a_scope_knows_its_owner_and_how_deep_it_lies():
    root = Scope()
    owner = context(root, name="order")
    inner = root.inside(owner)
    assert (root.owner, root.depth, inner.owner, inner.depth) == (None, 0, owner, 1)
    assert (inner.index, inner.total) == (None, None)
    inner.take(Kind.STEP, Subtype.STEP, None)
    assert (repr(root), repr(inner)) == (
        "<Scope of the workflow: 1 taken>",
        f"<Scope of context 'order' ({ROOT_1[:8]}): 1 taken>",
    )


@pytest.mark.parametrize("sealed", [False, True])
def test_what_lies_inside_a_finished_context_has_finished(sealed):
    root = Scope(sealed=sealed)
    assert root.inside(context(root)).sealed is sealed
    assert root.inside(context(root), virtual=True).sealed is sealed


def test_a_look_ahead_takes_nothing():
    scope = Scope()
    assert scope.peek() == scope.peek() == ROOT_1
    assert scope.take(Kind.STEP, Subtype.STEP, None).id == ROOT_1
    assert scope.peek() == ROOT_2


@given(st.text(), st.text(), st.text(), st.text())
def test_idempotency_keys_differ_between_any_two_operations(arn, operation, other_arn, other):
    same = (arn, operation) == (other_arn, other)
    if "\n" not in arn + operation + other_arn + other:
        assert (idempotency_key(arn, operation) == idempotency_key(other_arn, other)) is same


ASKED = Identity("id", Kind.STEP, Subtype.STEP, "pay", "parent")
RECORDED = {"Id": "id", "Type": "STEP", "SubType": "Step", "Name": "pay", "ParentId": "parent", "Status": "STARTED"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ()),
        ({"Type": "WAIT"}, (("type", "WAIT", "STEP"),)),
        ({"SubType": "Wait"}, (("subtype", "Wait", "Step"),)),
        ({"SubType": None}, (("subtype", None, "Step"),)),
        ({"Name": "ship"}, (("name", "ship", "pay"),)),
        ({"Name": ""}, (("name", None, "pay"),)),
        ({"ParentId": None}, (("parent", None, "parent"),)),
        ({"Name": "ship", "Type": "WAIT"}, (("type", "WAIT", "STEP"), ("name", "ship", "pay"))),
    ],
)
def test_every_field_of_identity_is_compared(change, expected):
    assert differences(ASKED, Record(RECORDED | change)) == expected


def test_an_empty_name_is_no_name():
    unnamed = ASKED._replace(name=None)
    assert differences(unnamed, Record(RECORDED | {"Name": ""})) == ()


def test_an_identity_shows_kind_name_and_short_id():
    assert str(ASKED._replace(id="0123456789")) == "step 'pay' (01234567)"
    assert str(ASKED._replace(id="0123456789", name=None)) == "step (01234567)"


# Whether a context is still being replayed (PROTOCOL 7.1)


def of(identity, status):
    wire = {"Id": identity.id, "Type": identity.kind.value, "SubType": str(identity.subtype), "Status": status}
    return Record(wire)


class Story:
    """A context that is being replayed, over a history in which so many calls of it are recorded."""

    def __init__(self, *statuses, kind=Kind.STEP, subtype=Subtype.STEP, **scope):
        self.scope = Scope(**{"replaying": True} | scope)
        self.kind = kind
        self.subtype = subtype
        self.journal = Journal()
        places = Scope()
        for status in statuses:
            identity = places.take(kind, subtype, None)
            if status is not None:
                self.journal.merge([of(identity, status).wire])

    def ask(self):
        return self.journal.ask_next(self.scope, self.kind, self.subtype, None)[1]

    @property
    def replaying(self):
        return self.scope.is_replaying(self.journal)


def replayed(kind, subtype, status, *, next_is_recorded=False, sealed=False):
    """Whether the context is replaying, before an operation with this record, while it is driven, and after it."""
    story = Story(status, "SUCCEEDED" if next_is_recorded else None, kind=kind, subtype=subtype, sealed=False)
    record = story.ask()
    story.scope.sealed = sealed
    found = [story.replaying]
    story.scope.begins(record)
    found.append(story.replaying)
    story.scope.ended(record)
    return [*found, story.replaying]


@pytest.mark.parametrize(
    ("kind", "subtype", "status", "expected"),
    [
        (Kind.STEP, Subtype.STEP, None, [True, False, False]),
        (Kind.STEP, Subtype.STEP, "STARTED", [True, False, False]),
        (Kind.STEP, Subtype.STEP, "PENDING", [True, False, False]),
        (Kind.STEP, Subtype.STEP, "READY", [True, False, False]),
        (Kind.STEP, Subtype.CONDITION, "READY", [True, False, False]),
        (Kind.STEP, Subtype.STEP, "SUCCEEDED", [True, True, False]),
        (Kind.STEP, Subtype.STEP, "FAILED", [True, True, False]),
        (Kind.WAIT, Subtype.WAIT, "SUCCEEDED", [True, True, False]),
        (Kind.WAIT, Subtype.WAIT, "STARTED", [True, True, False]),
        (Kind.CALLBACK, Subtype.CALLBACK, "STARTED", [True, True, False]),
        (Kind.CONTEXT, Subtype.CHILD, "STARTED", [True, True, False]),
        (Kind.CONTEXT, Subtype.CHILD, "SUCCEEDED", [True, True, False]),
        (Kind.CONTEXT, Subtype.CHILD, None, [True, False, False]),
    ],
)
def test_replay_ends_with_the_history_or_where_something_new_happens(kind, subtype, status, expected):
    assert replayed(kind, subtype, status) == expected


@pytest.mark.parametrize(("status", "goes_on"), [("SUCCEEDED", True), ("FAILED", True), ("STARTED", False)])
def test_replay_goes_on_where_the_next_operation_is_recorded_too(status, goes_on):
    assert replayed(Kind.WAIT, Subtype.WAIT, status, next_is_recorded=True)[2] is goes_on


@pytest.mark.parametrize("status", [None, "STARTED", "SUCCEEDED"])
def test_a_finished_context_is_replayed_to_its_end(status):
    assert replayed(Kind.STEP, Subtype.STEP, status, sealed=True) == [True, True, True]


def test_what_is_not_replaying_stays_so():
    story = Story("SUCCEEDED", "SUCCEEDED", replaying=False)
    done = story.ask()
    story.scope.begins(done)
    story.scope.ended(done)
    assert not story.replaying


def test_whether_replay_goes_on_is_the_same_whoever_asks_first():
    asked, unasked = Story("SUCCEEDED", None, "SUCCEEDED"), Story("SUCCEEDED", None, "SUCCEEDED")
    for story in (asked, unasked):
        story.scope.ended(story.ask())
    assert not asked.replaying
    for story in (asked, unasked):
        assert story.ask() is None  # nobody has driven it yet
        assert not story.replaying
        assert story.ask() is not None
        assert not story.replaying


def test_a_call_that_is_not_recorded_ends_no_replay_before_it_is_driven():
    story = Story("SUCCEEDED", None, "SUCCEEDED")
    done, new = story.ask(), story.ask()
    assert story.replaying
    story.scope.ended(done)
    assert story.replaying
    story.scope.begins(new)
    assert not story.replaying


@pytest.mark.parametrize("virtual", [False, True])
@pytest.mark.parametrize(
    ("around", "recorded", "expected"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_context_is_replayed_with_the_one_around_where_its_first_operation_is_recorded(
    virtual, around, recorded, expected
):
    root = Scope(replaying=around)
    inner = root.inside(context(root), virtual=virtual)
    journal = Journal()
    if recorded:
        journal.merge([of(Identity(inner.peek(), Kind.STEP, Subtype.STEP, None, None), "STARTED").wire])
    assert inner.is_replaying(journal) is expected
    assert inner.is_replaying(journal) is expected


def test_a_context_inside_a_finished_one_is_replayed_to_its_end():
    root = Scope(replaying=True, sealed=True)
    assert root.inside(context(root)).is_replaying(Journal())

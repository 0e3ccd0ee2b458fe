import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.core.effects import Due
from perdure_runtime.core.outbox import MOST_BYTES, MOST_UPDATES, Outbox


class Line:
    owed = 0


def filled(*sizes):
    outbox = Outbox()
    tickets = [outbox.push(bytes([index % 256]) * size) for index, size in enumerate(sizes)]
    assert tickets == list(range(1, len(sizes) + 1))
    return outbox


def batches(outbox):
    found = []
    while batch := outbox.next_batch():
        found.append([len(update) for update in batch])
        outbox.acknowledge()
    return found


def test_nothing_is_settled_before_it_is_acknowledged():
    outbox = filled(1, 1)
    assert (outbox.settled, outbox.waiting) == (0, 2)
    outbox.next_batch()
    assert (outbox.settled, outbox.waiting) == (0, 0)
    outbox.acknowledge()
    assert (outbox.settled, outbox.waiting) == (2, 0)


def test_what_gathers_meanwhile_goes_next():
    outbox = filled(1)
    outbox.next_batch()
    outbox.push(b"later")
    outbox.acknowledge()
    assert outbox.next_batch() == [b"later"]


def test_only_one_batch_is_on_its_way():
    outbox = filled(1, 1)
    outbox.next_batch()
    with pytest.raises(RuntimeError, match="on its way"):
        outbox.next_batch()


def test_a_batch_holds_so_many_updates():
    assert [len(batch) for batch in batches(filled(*[1] * (MOST_UPDATES + 1)))] == [MOST_UPDATES, 1]


def test_a_batch_holds_so_many_bytes():
    half = MOST_BYTES // 2
    assert batches(filled(half, half, half)) == [[half], [half], [half]]
    assert batches(filled(half - 1, half, half)) == [[half - 1, half], [half]]


def test_an_oversized_update_goes_alone():
    assert batches(filled(1, MOST_BYTES + 1, 1)) == [[1], [MOST_BYTES + 1], [1]]


@given(st.lists(st.integers(1, MOST_BYTES + 10), max_size=40))
def test_batches_keep_order_and_limits(sizes):
    found = batches(filled(*sizes))
    assert [size for batch in found for size in batch] == sizes
    assert all(len(batch) == 1 or sum(batch) + len(batch) - 1 <= MOST_BYTES for batch in found)


@pytest.mark.parametrize(
    ("due", "waits_now", "this_line", "other_lines"),
    [
        (Due.NOW, 2, 0, 0),
        (Due.BEFORE_WORK, 0, 2, 0),
        (Due.BEFORE_ANY_WORK, 0, 2, 2),
        (Due.ANY, 0, 0, 0),
    ],
)
def test_a_due_says_who_waits_for_what(due, waits_now, this_line, other_lines):
    outbox, line = filled(1, 1), Line()
    assert outbox.owe(2, due, line) == waits_now
    assert outbox.before_work(line) == this_line
    assert outbox.before_work(Line()) == other_lines


def test_what_is_settled_is_not_waited_for():
    outbox, line = filled(1, 1, 1), Line()
    outbox.owe(1, Due.BEFORE_WORK, line)
    outbox.owe(3, Due.BEFORE_ANY_WORK, Line())
    outbox.next_batch()
    assert outbox.before_work(line) == 3
    outbox.acknowledge()
    assert outbox.before_work(line) == 0


def test_a_line_waits_for_the_later_of_what_it_owes_and_what_all_owe():
    outbox, line = filled(1, 1, 1), Line()
    outbox.owe(1, Due.BEFORE_ANY_WORK, Line())
    outbox.owe(2, Due.BEFORE_WORK, line)
    assert (outbox.before_work(line), outbox.before_work(Line())) == (2, 1)


@pytest.mark.parametrize("sizes", [[1] * MOST_UPDATES, [MOST_BYTES // 2] * 2, [MOST_BYTES + 1]])
def test_what_nobody_waits_for_gathers_until_it_fills_a_request(sizes):
    outbox, line = filled(*sizes[:-1]), Line()
    last = outbox.push(b"x" * sizes[-1])
    assert outbox.is_full
    assert outbox.owe(last, Due.BEFORE_ANY_WORK, line) == 1
    outbox.next_batch()
    assert not outbox.is_full
    assert outbox.owe(last, Due.BEFORE_ANY_WORK, line) == 0


def test_who_is_held_up_by_a_full_outbox_waits_for_one_request():
    outbox, line = filled(*[1] * MOST_UPDATES), Line()
    outbox.next_batch()
    outbox.acknowledge()
    for _ in range(MOST_UPDATES):
        last = outbox.push(b"x")
    assert outbox.owe(last, Due.BEFORE_ANY_WORK, line) == MOST_UPDATES + 1


def test_an_outbox_shows_its_state():
    outbox = filled(1, 1)
    outbox.next_batch()
    outbox.push(b"x")
    assert repr(outbox) == "<Outbox: 0 settled, 2 on their way, 1 waiting>"

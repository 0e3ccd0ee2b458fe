import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_whoever_looks_after_it_is_told_of_the_first_update_only():
    outbox, told = Outbox(), []
    outbox.begins = lambda: told.append(outbox.tickets)
    assert (outbox.push(b"x"), outbox.push(b"x")) == (1, 2)
    assert told == [0]


def test_what_has_an_operation_tried_again_is_counted():
    outbox = filled(1)
    assert outbox.push_retry(b"x") == 2
    assert (outbox.retries, outbox.waiting) == (1, 2)


def test_a_line_that_owes_nothing_may_work_at_once():
    assert filled(1, 1).before_work(Line()) == 0


def test_what_a_line_owes_holds_up_that_line_alone():
    outbox, line = filled(1, 1), Line()
    line.owed = 2
    assert (outbox.before_work(line), outbox.before_work(Line())) == (2, 0)


def test_what_all_owe_holds_up_every_line_and_is_not_waited_for_now():
    outbox = filled(1, 1)
    assert outbox.owe(2) == 0
    assert outbox.before_work(Line()) == 2


def test_what_is_settled_is_not_waited_for():
    outbox, line = filled(1, 1, 1), Line()
    line.owed = 1
    outbox.owe(3)
    outbox.next_batch()
    assert outbox.before_work(line) == 3
    outbox.acknowledge()
    assert outbox.before_work(line) == 0


def test_a_line_waits_for_the_later_of_what_it_owes_and_what_all_owe():
    outbox, line = filled(1, 1, 1), Line()
    outbox.owe(1)
    line.owed = 2
    assert (outbox.before_work(line), outbox.before_work(Line())) == (2, 1)


@pytest.mark.parametrize("sizes", [[1] * MOST_UPDATES, [MOST_BYTES // 2] * 2, [MOST_BYTES + 1]])
def test_what_nobody_waits_for_gathers_until_it_fills_a_request(sizes):
    outbox = filled(*sizes[:-1])
    last = outbox.push(b"x" * sizes[-1])
    assert outbox.is_full
    assert outbox.owe(last) == 1
    outbox.next_batch()
    assert not outbox.is_full
    assert outbox.owe(last) == 0


def test_who_is_held_up_by_a_full_outbox_waits_for_one_request():
    outbox = filled(*[1] * MOST_UPDATES)
    outbox.next_batch()
    outbox.acknowledge()
    for _ in range(MOST_UPDATES):
        last = outbox.push(b"x")
    assert outbox.owe(last) == MOST_UPDATES + 1


def test_an_outbox_shows_its_state():
    outbox = filled(1, 1)
    outbox.next_batch()
    outbox.push(b"x")
    assert repr(outbox) == "<Outbox: 0 settled, 2 on their way, 1 waiting>"

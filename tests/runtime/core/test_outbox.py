import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.core.outbox import MOST_BYTES, MOST_UPDATES, Outbox


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


def test_an_outbox_shows_its_state():
    outbox = filled(1, 1)
    outbox.next_batch()
    outbox.push(b"x")
    assert repr(outbox) == "<Outbox: 0 settled, 2 on their way, 1 waiting>"

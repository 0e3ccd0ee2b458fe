import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.core.identity import Identity, Scope, differences, hashed, idempotency_key
from perdure_runtime.core.records import Record
from perdure_runtime.core.vocabulary import Kind, Subtype

ROOT_1 = "1ced8f5be2db23a6513eba4d819c73806424748a7bc6fa0d792cc1c7d1775a97"
ROOT_2 = "c5faca15ac2f93578b39ef4b6bbb871bdedce4ddd584fd31f0bb66fade3947e6"
FIRST_INSIDE_1 = "974bfc6321e227b0ff101342eaf19b336f002dc6cc99c18f0941a7755cc20fc4"


def test_ids_at_the_root_are_the_official_python_sdks():
    scope = Scope()
    taken = [scope.take(Kind.STEP, Subtype.STEP, name).id for name in ("a", "b")]
    assert taken == [ROOT_1, ROOT_2]


def test_ids_inside_a_context_are_the_official_python_sdks():
    inside = Scope(ROOT_1, ROOT_1)
    identity = inside.take(Kind.WAIT, Subtype.WAIT, None)
    assert (identity.id, identity.parent) == (FIRST_INSIDE_1, ROOT_1)


def test_branch_ids_are_the_official_python_sdks():
    assert hashed(f"{ROOT_1}-0") == "1712f93e2f51df042e2b933907d75accfe34a48fe4a42a24e0b08131bc72d591"


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

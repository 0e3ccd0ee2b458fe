import inspect
from dataclasses import FrozenInstanceError

import pytest

from perdure import JSON, Child, ChildOptions, child, step


@child(name="pack it", subtype="Parcel-1_a")
def pack(ctx, item: str = "book") -> str:
    """Pack it."""
    return f"{item} in {ctx}"


class Shop:
    town = "Rome"

    @child
    def ship(self, ctx, item: str) -> str:
        return f"{item} from {self.town} in {ctx}"


def translate(error):
    return OSError(str(error))


def test_a_child_is_called_like_its_function():
    assert pack("ctx", item="pen") == "pen in ctx"
    assert pack.__name__ == "pack"
    assert pack.__doc__ == "Pack it."
    assert pack.__wrapped__ is pack.function


def test_a_child_keeps_its_options():
    assert pack.settings == ChildOptions(name="pack it", subtype="Parcel-1_a")
    given = child(pack.function, serdes=JSON, on_error=translate, summary=repr, virtual=True).settings
    assert given == ChildOptions(None, JSON, None, translate, repr, virtual=True)


def test_a_copy_changes_only_what_it_is_told():
    copy = pack.options(name="pack again", virtual=True)
    assert copy.settings == ChildOptions(name="pack again", subtype="Parcel-1_a", virtual=True)
    assert copy.options(name=None, subtype=None, virtual=False).settings == ChildOptions()
    assert pack.settings.name == "pack it"
    assert copy.function is pack.function


def test_a_child_of_a_child_does_not_nest():
    assert child(pack, virtual=True).function is pack.function
    assert child(pack, virtual=True).settings == ChildOptions(virtual=True)


def test_a_method_is_bound_through_its_instance():
    shop = Shop()
    assert isinstance(Shop.ship, Child)
    assert isinstance(shop.ship, Child)
    assert shop.ship("ctx", "book") == "book from Rome in ctx"
    assert shop.ship.settings is Shop.ship.settings


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"name": ""}, ValueError, "printable ASCII"),
        ({"name": 7}, TypeError, "a name is a string"),
        ({"subtype": ""}, ValueError, "1 to 32 letters"),
        ({"subtype": "x" * 33}, ValueError, "1 to 32 letters"),
        ({"subtype": "two words"}, ValueError, "1 to 32 letters"),
        ({"subtype": "Parcel\n"}, ValueError, "1 to 32 letters"),
        ({"subtype": 7}, TypeError, "a subtype is a string, not int"),
        ({"on_error": "log"}, TypeError, "on_error is a function of the exception, not str"),
        ({"summary": "text"}, TypeError, "summary is a function of the result, not str"),
    ],
)
def test_mistakes_are_refused_where_they_are_written(options, error, said):
    with pytest.raises(error, match=said):
        child(**options)
    with pytest.raises(error, match=said):
        pack.options(**options)


def test_steps_and_children_are_not_made_of_one_another():
    with pytest.raises(TypeError, match="a child is made of a plain function, and this is a step already"):
        child(step(len))
    with pytest.raises(TypeError, match="a step is made of a plain function, and this is a child already"):
        step(pack)
    with pytest.raises(TypeError, match="a child is made of a function, not of str"):
        child("pack")


def test_options_are_frozen():
    with pytest.raises(FrozenInstanceError):
        pack.settings.virtual = True


def test_a_child_shows_its_name():
    assert repr(pack) == "<child pack>"


def test_what_was_not_given_shows_as_such_in_a_signature():
    assert "virtual: 'bool' = <as it is>" in str(inspect.signature(Child.options))

import inspect

import pytest

from perdure import JSON, Retry, Step, StepOptions, step


@step(once=True, name="charge card")
def charge(card: str, cents: int = 5) -> str:
    """Charge it."""
    return f"{card}:{cents}"


class Shop:
    town = "Rome"

    @step
    def pack(self, item: str) -> str:
        return f"{item} in {self.town}"


def test_a_step_is_called_like_its_function():
    assert charge("4242", cents=7) == "4242:7"
    assert charge.__name__ == "charge"
    assert charge.__doc__ == "Charge it."
    assert charge.__wrapped__ is charge.function


def test_a_step_keeps_its_options():
    assert charge.settings == StepOptions(name="charge card", once=True)
    assert step(len, serdes=JSON).settings.serdes is JSON


def test_a_copy_changes_only_what_it_is_told():
    copy = charge.options(name="charge deposit")
    assert copy.settings == StepOptions(name="charge deposit", once=True)
    assert copy.options(once=False, name=None).settings == StepOptions()
    assert charge.settings.name == "charge card"
    assert copy.function is charge.function


def test_a_step_of_a_step_does_not_nest():
    assert step(charge, retry=Retry.NONE).function is charge.function
    assert step(charge, retry=Retry.NONE).settings == StepOptions(retry=Retry.NONE)


def test_a_method_is_bound_through_its_instance():
    shop = Shop()
    assert isinstance(Shop.pack, Step)
    assert isinstance(shop.pack, Step)
    assert shop.pack("book") == "book in Rome"
    assert shop.pack.settings is Shop.pack.settings
    assert shop.pack.__name__ == "pack"


@pytest.mark.parametrize(
    ("options", "policy"),
    [
        (StepOptions(), Retry.DEFAULT),
        (StepOptions(once=True), Retry.NONE),
        (StepOptions(once=True, retry=Retry.FIXED), Retry.FIXED),
        (StepOptions(retry=Retry.NONE), Retry.NONE),
    ],
)
def test_an_ordinary_step_is_retried_by_default_and_a_once_step_is_not(options, policy):
    assert options.policy is policy


def test_a_plain_function_serves_as_a_retry_policy():
    def choose(error, attempt):
        return attempt

    assert step(len, retry=choose).settings.policy == Retry.custom(choose)
    assert charge.options(retry=choose).settings.policy == Retry.custom(choose)


def test_a_lazy_step_keeps_its_options():
    assert step(lazy=True)(len).settings == StepOptions(lazy=True)
    assert step(len, lazy=True).options(lazy=False).settings == StepOptions()


@pytest.mark.parametrize(
    "make",
    [
        lambda: step(once=True, lazy=True),
        lambda: step(len, once=True, lazy=True),
        lambda: charge.options(lazy=True),
        lambda: step(len, lazy=True).options(once=True),
    ],
)
def test_a_step_is_not_both_once_and_lazy(make):
    with pytest.raises(ValueError, match="once=True or lazy=True, not both"):
        make()


def test_a_once_step_becomes_lazy_where_it_is_told_to_be_no_longer_once():
    assert charge.options(once=False, lazy=True).settings == StepOptions(name="charge card", lazy=True)


def test_mistakes_are_refused_where_they_are_written():
    with pytest.raises(ValueError, match="printable ASCII"):
        step(name="")
    with pytest.raises(ValueError, match="printable ASCII"):
        charge.options(name="ü")
    with pytest.raises(TypeError, match="made of a function, not of str"):
        step("charge")
    with pytest.raises(TypeError, match="a function of error and attempt"):
        step(len, retry=3)


def test_options_are_frozen():
    with pytest.raises(AttributeError):
        charge.settings.once = False


def test_a_step_shows_its_name():
    assert repr(charge) == "<step charge>"
    assert "<step " in repr(step(print.__class__))


def test_what_was_not_given_shows_as_such_in_a_signature():
    assert "name: 'str | None' = <as it is>" in str(inspect.signature(Step.options))

"""What is known of a function, for as long as it lives."""

from perdure_runtime.values.forms import Remembered


def test_what_was_kept_of_a_function_is_found_again():
    known = Remembered()
    known.keep(test_what_was_kept_of_a_function_is_found_again, "a test")
    assert known.of(test_what_was_kept_of_a_function_is_found_again) == "a test"
    assert known.of(print) is None


def test_a_function_that_is_gone_is_forgotten():
    known = Remembered()

    def function():
        """Lives until the next line."""

    known.keep(function, "something")
    del function
    assert repr(known) == "<Remembered: 0 functions>"


def test_what_cannot_be_seen_to_go_is_not_kept():
    known = Remembered()
    known.keep((), "a tuple")
    assert known.of(()) is None


def test_everything_can_be_forgotten():
    known = Remembered()
    known.keep(Remembered, "a class")
    known.clear()
    assert known.of(Remembered) is None

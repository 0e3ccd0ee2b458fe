from functools import partial

import pytest

from perdure.names import checked_name, default_name


def reserve(): ...


class Shop:
    def open(self): ...

    def __call__(self): ...


def über(): ...  # noqa: PLC2401  a name that needs fitting


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (reserve, "reserve"),
        (Shop().open, "open"),
        (partial(partial(reserve)), "reserve"),
        (len, "len"),
        (Shop, "Shop"),
        (über, "_ber"),
        (lambda: None, None),
        (partial(lambda: None), None),
        (Shop(), None),
    ],
)
def test_a_default_name_is_the_functions_own(function, expected):
    assert default_name(function) == expected


def test_a_default_name_is_made_to_fit():
    def long(): ...

    long.__name__ = "x" * 300
    assert default_name(long) == "x" * 256


@pytest.mark.parametrize("name", ["a", "carrier pickup", "~" * 256])
def test_a_printable_ascii_name_is_taken_as_it_is(name):
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", "a" * 257, "naïve", "tab\t", "line\n"])
def test_a_name_the_service_would_refuse_is_refused_here(name):
    with pytest.raises(ValueError, match="1 to 256 printable ASCII"):
        checked_name(name)


def test_a_name_is_a_string():
    with pytest.raises(TypeError, match="not int"):
        checked_name(7)

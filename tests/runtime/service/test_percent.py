from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.service.percent import percent_encoded


@given(st.text())
def test_encodes_as_the_standard_library_does_with_no_safe_characters(text):
    assert percent_encoded(text) == quote(text, safe="")


def test_the_reserved_characters_of_an_arn_are_encoded():
    assert percent_encoded("arn:aws/$LATEST") == "arn%3Aaws%2F%24LATEST"

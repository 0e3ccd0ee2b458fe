from urllib.parse import quote

import pytest
from botocore.utils import normalize_url_path
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from perdure_runtime.service.credentials import Credentials
from perdure_runtime.service.percent import percent_encoded
from perdure_runtime.service.sigv4 import Signer, canonical_path, signable, signing_key, stamp
from support import botocore_requests
from support.botocore_requests import NOW

AT = "20260309T080706Z"
JSON = (("Content-Type", "application/json"),)
# AWS's published example of a signing key (General Reference, "Deriving the signing key").
PUBLISHED = ("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam")

printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
values = st.text(st.characters(codec="utf-8"), max_size=30).map(percent_encoded)
queries = st.lists(st.tuples(values.filter(bool), values), max_size=5).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)
paths = st.lists(st.one_of(values, st.sampled_from(["", ".", "..", "a~b", "%2F%3A%24"])), max_size=6).map(
    lambda segments: "/" + "/".join(segments)
)


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch):
    botocore_requests.stop_the_clock(monkeypatch)


def test_the_stamp_is_utc_to_the_second():
    assert stamp(NOW.timestamp() + 0.9) == AT


def test_the_signing_key_is_the_published_one():
    key = signing_key(*PUBLISHED)
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzEBYaD//+=="])
@pytest.mark.parametrize("body", [b"", b'{"a":"\xc3\xa9"}'])
@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "cn-north-1"])
def test_signs_as_botocore_does(token, body, region):
    keys = ("AKIDEXAMPLE", "secret/+", token)
    path = "/2025-12-01/durable-executions/arn%3Aaws%3A%24LATEST%2Fx/checkpoint"
    expected = botocore_requests.signed("POST", f"https://host.example{path}", dict(JSON), body, keys, region)
    prepared = signable("POST", "host.example", path, "", JSON)
    headers = Signer(region).headers(prepared, body, Credentials(*keys), AT)
    assert dict([*JSON, *headers]) == expected


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths, queries, st.binary(max_size=50), printable, st.none() | printable)
@example("/", "b=2&a=1&a=0&c", b"", "s", None)
def test_any_path_query_body_and_token_is_signed_as_botocore_does(path, query, body, secret, token):
    url = f"http://localhost:4566{path}{'?' if query else ''}{query}"
    expected = botocore_requests.signed("GET", url, {}, body, ("AKID", secret, token), "eu-west-1")
    prepared = signable("GET", "localhost:4566", path, query)
    assert dict(Signer("eu-west-1").headers(prepared, body, Credentials("AKID", secret, token), AT)) == expected


@given(paths)
def test_a_path_is_normalized_and_encoded_once_more(path):
    assert canonical_path(path) == quote(normalize_url_path(path), safe="/~")


def test_an_empty_path_is_the_root():
    assert canonical_path("") == "/"


def test_spaces_inside_a_header_value_are_signed_as_one():
    prepared = signable("GET", "h", "/", "", [("Content-Type", "  a   b ")])
    assert prepared.opening.endswith("content-type:a b\nhost:h\n")
    assert prepared.names == "content-type;host;"


def test_a_header_that_sorts_after_the_date_is_refused():
    with pytest.raises(ValueError, match="x-amz-target"):
        signable("GET", "h", "/", "", [("X-Amz-Target", "x")])


def test_a_signer_follows_the_day_and_the_secret():
    signer = Signer("eu-west-1")
    prepared = signable("GET", "h", "/")
    seen = [
        signer.headers(prepared, b"", Credentials("AKID", secret), at)
        for secret, at in [("one", AT), ("one", AT), ("one", "20260310T080706Z"), ("two", "20260310T080706Z")]
    ]
    alone = [
        Signer("eu-west-1").headers(prepared, b"", Credentials("AKID", secret), at)
        for secret, at in [("one", AT), ("one", AT), ("one", "20260310T080706Z"), ("two", "20260310T080706Z")]
    ]
    assert seen == alone
    assert len({tuple(headers) for headers in seen}) == 3

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.service.endpoint import (
    Endpoint,
    endpoint_from_environment,
    is_loopback,
    parse_endpoint,
    parse_url,
    regional_endpoint,
)
from support import botocore_requests


@pytest.mark.parametrize(
    "region",
    ["us-east-1", "eu-west-1", "ap-southeast-4", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-iso-east-1",
     "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"],
)  # fmt: skip
def test_a_regions_endpoint_is_botocores(region):
    endpoint = regional_endpoint(region)
    assert f"https://{endpoint.authority}" == botocore_requests.client(region).meta.endpoint_url


@pytest.mark.parametrize("region", ["", "EU-west-1", "eu.west", "evil.com/", "eu-west-1\r\n", "é"])
def test_what_cannot_be_a_region_is_refused(region):
    with pytest.raises(ValueError, match="is not a region"):
        regional_endpoint(region)


@pytest.mark.parametrize(
    ("url", "expected", "authority"),
    [
        ("http://127.0.0.1:4566", Endpoint("http", "127.0.0.1", 4566), "127.0.0.1:4566"),
        ("http://localhost", Endpoint("http", "localhost", 80), "localhost"),
        ("http://localhost:80/", Endpoint("http", "localhost", 80), "localhost"),
        ("https://localhost:443", Endpoint("https", "localhost", 443), "localhost"),
        ("https://localhost:80", Endpoint("https", "localhost", 80), "localhost:80"),
        ("HTTPS://Lambda.EXAMPLE/Base/Path/", Endpoint("https", "lambda.example", 443, "/Base/Path"), "lambda.example"),
        ("http://[::1]:8080/a", Endpoint("http", "::1", 8080, "/a"), "[::1]:8080"),
        ("http://[FD00:EC2::23]", Endpoint("http", "fd00:ec2::23", 80), "[fd00:ec2::23]"),
        (" http://h:1 ", Endpoint("http", "h", 1), "h:1"),
        ("http://my_host:1/a%20b", Endpoint("http", "my_host", 1, "/a%20b"), "my_host:1"),
    ],
)
def test_an_endpoint_is_taken_apart(url, expected, authority):
    assert parse_endpoint(url) == expected
    assert parse_endpoint(url).authority == authority


@pytest.mark.parametrize(
    "url",
    ["", "localhost:4566", "ftp://h", "http://", "http:///path", "http://:80", "http://user:pw@h", "http://h:port",
     "http://h:0", "http://h:65536", "http://h:-1", "http://h:²", "http://[::1", "http://[::1]x", "http://[h]",
     "http://h/a b", "http://h/é", "http://h/a\r\nX: y", "http://h\r\nX: y", "http://h/?q=1", "http://h?q=1",
     "http://h/#f", "http://h ost", "unix:///socket"],
)  # fmt: skip
def test_what_no_request_could_go_to_is_refused(url):
    with pytest.raises(ValueError, match=r"\S"):
        parse_endpoint(url)


@pytest.mark.slow
@given(
    st.sampled_from(["http", "https", "HTTP"]),
    st.text(st.sampled_from("abcXYZ019-_."), min_size=1, max_size=20),
    st.none() | st.integers(1, 65535),
    st.text(st.sampled_from("abcXYZ019-_.~/%:@!$&'()*+,;="), max_size=20),
    st.none() | st.text(st.sampled_from("abc=&/?"), max_size=10),
)
def test_a_url_is_taken_apart_as_the_standard_library_does(scheme, host, port, path, query):
    port_part = "" if port is None else f":{port}"
    url = f"{scheme}://{host}{port_part}{'/' + path if path else ''}{'' if query is None else '?' + query}"
    parts = urlsplit(url)
    target = parts.path + ("" if query is None else f"?{query}")
    default = {"http": 80, "https": 443}[parts.scheme]
    assert parse_url(url) == Endpoint(parts.scheme, parts.hostname, parts.port or default, target)


REGIONAL = regional_endpoint("eu-west-1")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, REGIONAL),
        ({"AWS_ENDPOINT_URL": "http://general"}, parse_endpoint("http://general")),
        ({"AWS_ENDPOINT_URL_LAMBDA": "http://ours"}, parse_endpoint("http://ours")),
        (
            {"AWS_ENDPOINT_URL": "http://general", "AWS_ENDPOINT_URL_LAMBDA": "http://ours"},
            parse_endpoint("http://ours"),
        ),
        ({"AWS_ENDPOINT_URL": "http://general", "AWS_ENDPOINT_URL_LAMBDA": ""}, parse_endpoint("http://general")),
        ({"AWS_ENDPOINT_URL": "http://general", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"}, REGIONAL),
        ({"AWS_ENDPOINT_URL_LAMBDA": "nonsense", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, REGIONAL),
        ({"AWS_ENDPOINT_URL": "http://g", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}, parse_endpoint("http://g")),
    ],
)
def test_the_variables_decide_in_this_order(environ, expected):
    assert endpoint_from_environment(environ, "eu-west-1") == expected


def test_a_variable_that_is_no_url_is_named():
    with pytest.raises(ValueError, match=r"^AWS_ENDPOINT_URL_LAMBDA: 'localhost' is not"):
        endpoint_from_environment({"AWS_ENDPOINT_URL_LAMBDA": "localhost"}, "eu-west-1")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0:0:0:0:0:0:0:1", True),
     ("128.0.0.1", False), ("127.0.0.1.evil.com", False), ("localhost.evil.com", False), ("::2", False),
     ("169.254.170.2", False), ("1.127.0.0", False)],
)  # fmt: skip
def test_loopback_is_this_machine_only(host, expected):
    assert is_loopback(host) is expected

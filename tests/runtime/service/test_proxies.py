from urllib.request import proxy_bypass_environment

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perdure_runtime.service.endpoint import parse_endpoint
from perdure_runtime.service.proxies import proxy_variable

AWS = parse_endpoint("https://lambda.eu-west-1.amazonaws.com")
LOCAL = parse_endpoint("http://127.0.0.1:4566")
PLAIN = parse_endpoint("http://emulator:9014")


@pytest.mark.parametrize(
    ("environ", "endpoint", "expected"),
    [
        ({}, AWS, None),
        ({"HTTPS_PROXY": "http://p:1"}, AWS, "HTTPS_PROXY"),
        ({"https_proxy": "http://p:1"}, AWS, "https_proxy"),
        ({"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:1"}, AWS, "https_proxy"),
        ({"https_proxy": "", "HTTPS_PROXY": "http://q:1"}, AWS, None),
        ({"HTTPS_PROXY": ""}, AWS, None),
        ({"HTTP_PROXY": "http://p:1"}, AWS, None),
        ({"HTTP_PROXY": "http://p:1"}, PLAIN, "HTTP_PROXY"),
        ({"HTTPS_PROXY": "http://p:1"}, PLAIN, None),
        ({"HTTP_PROXY": "http://p:1"}, LOCAL, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "amazonaws.com"}, AWS, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "localhost, .Amazonaws.com"}, AWS, None),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "lambda.eu-west-1.amazonaws.com:443"}, AWS, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, AWS, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ","}, AWS, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "zonaws.com"}, AWS, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "x", "NO_PROXY": "*"}, AWS, "HTTPS_PROXY"),
    ],
)
def test_a_proxy_applies_by_scheme_unless_the_host_is_exempt(environ, endpoint, expected):
    assert proxy_variable(environ, endpoint) == expected


hosts = st.lists(st.sampled_from(["a", "b", "lambda", "eu-west-1", "com"]), min_size=1, max_size=3).map(".".join)


@pytest.mark.slow
@given(hosts, st.lists(st.one_of(hosts, hosts.map(".{}".format), hosts.map("{}:8443".format), st.just(""))))
@example("a.b", ["*"])
def test_exemptions_are_read_as_the_standard_library_reads_them(host, entries):
    environ = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ",".join(entries)}
    exempt = proxy_bypass_environment(f"{host}:8443", {"no": environ["NO_PROXY"]})
    assert (proxy_variable(environ, parse_endpoint(f"https://{host}:8443")) is None) == bool(exempt)

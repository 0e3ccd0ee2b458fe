import itertools
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdure import SerdesError, ServiceError
from perdure.codecs import Compress, Encrypt, LocalKeys, Offload, PayloadError, Redact
from perdure_runtime.codecs.chain import chain_for
from perdure_runtime.codecs.wireform import is_wrapped
from support.payloads import OTHER_SITE, SITE, MemoryStore, Reverse, environment

KEYS = LocalKeys({"key": b"k" * 32})
STORE = MemoryStore()
KINDS = {
    "compress": Compress(threshold=0),
    "encrypt": Encrypt(KEYS),
    "offload": Offload(STORE, threshold=40),
    "own": Reverse(),
    "redact": Redact(["card"]),
}
ORDERS = [order for size in range(len(KINDS) + 1) for order in itertools.permutations(KINDS, size)]
TEXTS = st.one_of(
    st.text(),
    st.text(st.characters(max_codepoint=127)).map(lambda text: text * 50),
    st.sampled_from(['{"perdure":1,"codec":[],"data":""}', '{"perdure":1,"codec":[', '{"perdure":9,"codec":[]}', ""]),
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ).map(json.dumps),
)


def chain(*names):
    return chain_for([KINDS[name] for name in names], environment())


ALL = chain(*KINDS)
CHAINS = {order: chain(*order) for order in ORDERS}


@pytest.mark.slow
@given(st.sampled_from(ORDERS), TEXTS)
def test_what_a_chain_of_any_order_encodes_it_decodes(order, text):
    assert CHAINS[order].decode(CHAINS[order].encode(text, SITE), SITE) == text


@pytest.mark.slow
@given(st.sampled_from(ORDERS), TEXTS)
def test_what_a_chain_of_one_order_encodes_a_chain_of_another_decodes(order, text):
    assert ALL.decode(CHAINS[order].encode(text, SITE), SITE) == text


@pytest.mark.slow
@settings(max_examples=25)
@given(st.sampled_from(ORDERS), st.sampled_from(ORDERS), TEXTS)
def test_texts_that_went_through_two_chains_come_back_through_both(inner, outer, text):
    encoded = CHAINS[outer].encode(CHAINS[inner].encode(text, SITE), SITE)
    assert CHAINS[inner].decode(CHAINS[outer].decode(encoded, SITE), SITE) == text


@pytest.mark.parametrize("text", ["", "null", '{"t":"m","v":{"a":1}}', "not JSON", '{"perdure":"1","codec":[]}'])
@pytest.mark.parametrize("order", [(), tuple(KINDS)])
def test_a_journal_from_before_there_were_codecs_stays_readable(order, text):
    assert chain(*order).decode(text, SITE) == text


def test_a_chain_that_changes_nothing_leaves_the_text_as_it_is():
    quiet = chain_for([Compress(threshold=100), Offload(STORE, threshold=100), Redact(["a"])], environment())
    assert quiet.encode('{"t":"m","v":{}}', SITE) == '{"t":"m","v":{}}'


@pytest.mark.parametrize("order", [(), ("compress",)])
def test_a_text_that_looks_encoded_is_wrapped_so_that_it_comes_back(order):
    text = '{"perdure":1,"codec":[],"data":""}'
    encoded = chain(*order).encode(text, SITE)
    assert encoded != text
    assert is_wrapped(encoded)
    assert chain().decode(encoded, SITE) == text


def test_compression_is_read_when_its_codec_is_gone():
    encoded = chain("compress").encode("a" * 1000, SITE)
    assert chain().decode(encoded, SITE) == "a" * 1000


@pytest.mark.parametrize(("name", "by"), [("encrypt", "aes-256-gcm"), ("offload", "object"), ("own", "own:reverse")])
def test_what_needs_a_codec_that_is_gone_says_so(name, by):
    encoded = chain(name).encode("a" * 1000, SITE)
    with pytest.raises(PayloadError) as caught:
        chain("compress").decode(encoded, SITE)
    assert f"was written by {by}, and this function has no codec that reads it" in str(caught.value)
    assert "charge (0a1b2c3d)" in str(caught.value)


def test_an_error_names_operation_and_id():
    with pytest.raises(PayloadError) as caught:
        chain().decode('{"perdure":1,"codec":[', SITE)
    assert (caught.value.operation, caught.value.operation_id) == ("charge", SITE.operation_id)
    assert isinstance(caught.value, SerdesError)


def test_a_text_that_cannot_travel_is_refused():
    with pytest.raises(PayloadError, match="cannot travel as UTF-8"):
        chain("compress").encode("\ud800", SITE)


def test_a_payload_larger_than_codecs_handle_is_refused_before_it_is_recorded():
    small = chain_for([Compress(threshold=0)], environment(largest=1000))
    assert small.decode(small.encode("a" * 1000, SITE), SITE) == "a" * 1000
    with pytest.raises(PayloadError, match="takes 1,001 bytes, and codecs handle at most 1,000"):
        small.encode("a" * 1001, SITE)


def test_redaction_is_no_part_of_what_is_recorded():
    masking = chain_for([Redact(["card"])], environment())
    assert masking.encode('{"card":"42"}', SITE) == '{"card":"42"}'
    assert masking.redactor.text('{"card":"42"}') == '{"card":"[redacted]"}'


class Broken(Reverse):
    name = "broken"

    def decode(self, data, site, /):
        return data


class Failing(Reverse):
    name = "failing"

    def encode(self, data, site, /):
        raise KeyError("tenant")


class Untyped(Reverse):
    name = "untyped"

    def encode(self, data, site, /):
        return data.decode()


class Busy(Reverse):
    name = "busy"

    def encode(self, data, site, /):
        raise ServiceError("Vault", "Busy")


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        (Broken(), "would not come back as it was: the codec broken decodes it to something else"),
        (Failing(), "is refused by the codec failing: KeyError: 'tenant'"),
        (Untyped(), "the codec untyped gave a str, not bytes"),
    ],
)
def test_a_codec_of_the_users_that_is_wrong_fails_while_the_value_is_still_there(codec, words):
    with pytest.raises(PayloadError) as caught:
        chain_for([codec], environment()).encode("text", SITE)
    assert words in str(caught.value)


def test_the_cause_of_what_a_codec_of_the_users_raised_is_kept():
    with pytest.raises(PayloadError) as caught:
        chain_for([Failing()], environment()).encode("text", SITE)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_codec_of_the_users_may_say_that_the_invocation_should_be_made_again():
    with pytest.raises(ServiceError, match="Vault"):
        chain_for([Busy()], environment()).encode("text", SITE)


class Tenant(Reverse):
    name = "tenant"

    def encode(self, data, site, /):
        return site.operation_id.encode() + data

    def decode(self, data, site, /):
        assert data.startswith(site.operation_id.encode()), "another operation's"
        return data[len(site.operation_id) :]


def test_a_codec_of_the_users_knows_whose_payload_it_is():
    tenant = chain_for([Tenant()], environment())
    encoded = tenant.encode("text", SITE)
    assert tenant.decode(encoded, SITE) == "text"
    with pytest.raises(PayloadError, match="another operation's"):
        tenant.decode(encoded, OTHER_SITE)


COLD = """
import sys
from perdure.codecs import *
from perdure_runtime.codecs.chain import chain_for
from perdure_runtime.codecs.environment import Environment
codecs = Compress(), Encrypt(KmsKeys("k", client=1)), Offload(S3Store("b", client=1)), Redact(["a"])
surroundings = Environment.from_environment({})
surroundings.sealing = object
chain_for(codecs, surroundings).decode("plain", PayloadSite("arn", "id"))
print([name for name in ("boto3", "botocore", "cryptography", "zstandard", "urllib", "asyncio") if name in sys.modules])
"""


@pytest.mark.slow
def test_a_chain_imports_nothing_large_before_a_payload_needs_it():
    command = [sys.executable, "-c", COLD]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[]\n"

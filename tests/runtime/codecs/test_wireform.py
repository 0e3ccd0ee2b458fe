import base64
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import SerdesError
from perdure.codecs import Compress, Encrypt, LocalKeys, Offload
from perdure_runtime.codecs.chain import chain_for
from perdure_runtime.codecs.faults import Unreadable
from perdure_runtime.codecs.wireform import Wrapped, described, entries_of, is_wrapped, read, text_size, write
from support.payloads import SITE, MemoryStore, environment

ENTRIES = st.lists(
    st.fixed_dictionaries({"by": st.text(max_size=5), "size": st.integers(0, 2**40)}, optional={"at": st.text()}),
    max_size=4,
)
CHAIN = chain_for(
    [Compress(threshold=0), Encrypt(LocalKeys({"k": b"k" * 32})), Offload(MemoryStore(), threshold=0)],
    environment(largest=100_000),
)


@pytest.mark.slow
@given(ENTRIES, st.binary())
def test_the_form_holds_what_was_put_into_it(entries, data):
    text = write(Wrapped(entries, data))
    assert is_wrapped(text)
    assert read(text) == Wrapped(entries, data)
    assert json.loads(text) == {"perdure": 1, "codec": entries, "data": base64.b64encode(data).decode()}


@pytest.mark.slow
@given(ENTRIES, st.binary())
def test_the_size_of_a_text_is_known_before_it_is_written(entries, data):
    assert 0 <= text_size(entries, len(data)) - len(write(Wrapped(entries, data)).encode()) <= 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"perdure":1,"codec":[', "is cut off or damaged"),
        ('{"perdure":1,"codec":[],"data":"YQ==', "is cut off or damaged"),
        ('{"perdure":1,"codec":[]}', "not base64"),
        ('{"perdure":1,"codec":[],"data":7}', "not base64"),
        ('{"perdure":1,"codec":[],"data":"é"}', "not base64"),
        ('{"perdure":1,"codec":[],"data":"YQ"}', "not base64"),
        ('{"perdure":2,"codec":[],"data":""}', "has form 2, which a newer version of Perdure wrote"),
        ('{"perdure":1,"codec":[7],"data":""}', "list of codecs makes no sense"),
        ('{"perdure":1,"codec":[{"size":1}],"data":""}', "list of codecs makes no sense"),
        ('{"perdure":1,"codec":[{"by":"zlib"}],"data":""}', "list of codecs makes no sense"),
        ('{"perdure":1,"codec":[{"by":"zlib","size":-1}],"data":""}', "list of codecs makes no sense"),
        ('{"perdure":1,"codec":[{"by":"zlib","size":true}],"data":""}', "list of codecs makes no sense"),
        ('{"perdure":1,"codec":[{"by":"zlib","size":1e9}],"data":""}', "list of codecs makes no sense"),
        ('{"perdure":1,"codec":[],"codec":7,"data":""}', "list of codecs makes no sense"),
        ('{"perdure":1,"codec":[{"by":"zlib","size":1,"x":null}],"data":""}', "list of codecs makes no sense"),
        (write(Wrapped([{"by": "zlib", "size": 0}] * 17, b"")), "list of codecs makes no sense"),
        ('{"perdure":1,"codec":[' + "[" * 5000, "is cut off or damaged"),
        ('{"perdure":1,"codec":[],"data":"\ud800"}', "is cut off or damaged"),
    ],
)
def test_a_damaged_text_is_told_from_a_whole_one(text, words):
    with pytest.raises(Unreadable, match=words):
        read(text)


@pytest.mark.parametrize("text", ["", "{}", '{"perdure": 1,"codec":[]}', '{"perdure":1}', ' {"perdure":1,"codec":[]}'])
def test_any_other_text_is_not_of_the_form(text):
    assert not is_wrapped(text)
    assert described(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (write(Wrapped([], b"abc")), "as it is (3 bytes)"),
        (
            write(Wrapped([{"by": "zlib", "size": 9120}, {"by": "object", "size": 800, "at": "s3://b/k"}], b"")),
            "zlib, object s3://b/k (9,120 bytes)",
        ),
        ('{"perdure":1,"codec":[', "is cut off or damaged: its text is not whole"),
    ],
)
def test_a_text_says_what_it_is_without_a_look_inside(text, said):
    assert described(text) == said


PLAIN = "a text of some length, " * 20
ENCODED = {
    name: chain_for(codecs, environment()).encode(PLAIN, SITE)
    for name, codecs in {
        "zlib": [Compress(threshold=0, method="zlib")],
        "encrypted": [Encrypt(LocalKeys({"k": b"k" * 32}))],
        "both": [Compress(threshold=0, method="zlib"), Encrypt(LocalKeys({"k": b"k" * 32}))],
        "wrapped": [],
    }.items()
}


def decoded(text):
    """What a text is decoded to, or None; any other error than the one promised comes out."""
    try:
        return CHAIN.decode(text, SITE)
    except SerdesError:
        return None


@pytest.mark.parametrize("name", ["zlib", "encrypted", "both"])
def test_a_text_that_is_cut_off_anywhere_is_noticed(name):
    text = ENCODED[name]
    for end in range(len('{"perdure":1,"codec":['), len(text)):
        assert decoded(text[:end]) is None


@pytest.mark.parametrize("depth", [1, 250, 300, 1000, 5000])
def test_a_note_that_is_nested_deeply_is_no_note(depth):
    nested = ENCODED["both"].replace('"by":"zlib",', f'"by":"zlib","x":{"[" * depth}{"]" * depth},', 1)
    assert nested != ENCODED["both"]
    assert decoded(nested) is None


@pytest.mark.parametrize("name", ["zlib", "encrypted", "both"])
def test_the_list_of_codecs_is_read_without_the_data(name):
    text = ENCODED[name]
    assert entries_of(text) == read(text).entries
    assert entries_of(text[:-5]) == read(text).entries
    assert entries_of(text[: text.index(',"data"')]) == []


@pytest.mark.parametrize("codec", ["7", "[7]", "[", '"'])
def test_a_list_of_codecs_that_makes_no_sense_is_read_as_empty(codec):
    assert entries_of(f'{{"perdure":1,"codec":{codec}],"data":""}}') == []


@pytest.mark.parametrize("name", ["zlib", "encrypted", "both"])
def test_a_change_of_any_byte_of_the_data_is_noticed(name):
    entries, data = read(ENCODED[name])
    for index in range(len(data)):
        changed = data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]
        # The last bits of a deflated block may stand for nothing.
        assert decoded(write(Wrapped(entries, changed))) in {None, PLAIN}


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**50) | st.floats() | st.text(max_size=8) | st.sampled_from(["YQ=="]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
NOTES = st.lists(
    st.dictionaries(
        st.sampled_from(["by", "size", "crc32", "keys", "key", "closed", "nonce", "sha256", "at"]),
        st.sampled_from(["zlib", "zstd", "aes-256-gcm", "object", "local", "k", "YQ==", 0, 1, 99_999, 2**40]) | HOSTILE,
    ),
    max_size=3,
)


@pytest.mark.slow
@given(NOTES, st.binary(max_size=40).map(base64.b64encode).map(bytes.decode) | HOSTILE)
def test_hostile_notes_give_the_promised_error_only(notes, data):
    decoded(orjson.dumps({"perdure": 1, "codec": notes, "data": data}, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode())


@pytest.mark.slow
@given(
    st.sampled_from(["zlib", "zstd", "aes-256-gcm", "object", "own:x"]),
    st.integers(0, 2**40),
    st.dictionaries(st.sampled_from(["crc32", "keys", "key", "closed", "nonce", "sha256"]), HOSTILE),
    st.binary(max_size=60),
)
def test_well_formed_notes_with_hostile_facts_give_the_promised_error_only(by, size, facts, data):
    decoded(write(Wrapped([{**facts, "by": by, "size": size}], data)))

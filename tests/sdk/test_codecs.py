import pickle
from dataclasses import FrozenInstanceError

import pytest

from perdure import SerdesError, child, durable, step
from perdure.codecs import (
    Compress,
    Encrypt,
    FileStore,
    KmsKeys,
    LocalKeys,
    Offload,
    PayloadError,
    PayloadSite,
    Redact,
    S3Store,
    checked_codecs,
)

LOCAL = LocalKeys({"old": b"o" * 32, "new": b"n" * 16})
VALUES = [
    Compress(),
    Compress(10, "zlib"),
    KmsKeys("alias/orders"),
    KmsKeys("alias/orders", ["alias/former"], "eu-west-1"),
    LOCAL,
    Encrypt(LOCAL),
    Encrypt(KmsKeys("k"), key_per="payload"),
    S3Store("bucket"),
    FileStore("/mnt/payloads"),
    Offload(S3Store("bucket", "a/b"), threshold=5),
    Redact(["card"], "***"),
]


class Rot13:
    name = "rot13"

    def encode(self, data: bytes, site: PayloadSite, /) -> bytes:
        return data

    decode = encode


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_settings_are_frozen_values(value):
    assert value == pickle.loads(pickle.dumps(value))
    assert hash(value) == hash(pickle.loads(pickle.dumps(value)))
    for name in value.__match_args__:
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)
        with pytest.raises(FrozenInstanceError):
            delattr(value, name)


def test_settings_differ_by_class_and_by_each_field():
    assert len(set(VALUES)) == len(VALUES)
    assert Compress(1) != Compress(2)
    assert S3Store("x") != FileStore("x")
    assert Compress() != object()


def test_settings_show_their_fields_and_never_a_key():
    assert repr(Compress()) == "Compress(threshold=4096, method='auto')"
    assert repr(Encrypt(LOCAL)) == "Encrypt(keys=LocalKeys(old, new), key_per='invocation')"


def test_the_last_of_local_keys_closes():
    assert LOCAL.current == "new"


def test_local_keys_do_not_change_with_the_mapping_they_were_given():
    given = {"a": b"a" * 32}
    keys = LocalKeys(given)
    given["b"] = b"b" * 32
    assert keys.current == "a"


@pytest.mark.parametrize(("given", "kept"), [("", ""), ("/", ""), ("a", "a/"), ("/a/b/", "a/b/")])
def test_a_prefix_ends_with_one_slash(given, kept):
    assert S3Store("bucket", given).prefix == kept


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Compress(method="gzip"), ValueError, "'auto', 'zlib' or 'zstd', not 'gzip'"),
        (lambda: Compress(-1), ValueError, "a number of bytes, not -1"),
        (lambda: Compress(threshold=True), ValueError, "a number of bytes, not True"),
        (lambda: Compress(1.5), ValueError, "a number of bytes, not 1.5"),
        (lambda: KmsKeys(""), ValueError, "key_id is a text and not empty"),
        (lambda: KmsKeys("k", former="old"), TypeError, "former=('…',)"),
        (lambda: LocalKeys({}), ValueError, "one key at least"),
        (lambda: LocalKeys({"k": b"short"}), ValueError, "'k' has 5 bytes"),
        (lambda: Encrypt("alias/orders"), TypeError, "KmsKeys(…) or LocalKeys(…), not str"),
        (lambda: Encrypt(LOCAL, key_per="year"), ValueError, "'invocation' or 'payload', not 'year'"),
        (lambda: S3Store(""), ValueError, "bucket is a text"),
        (lambda: Offload("s3://bucket"), TypeError, "has place, put and get, not str"),
        (lambda: Redact("card"), TypeError, "fields=('…',)"),
        (lambda: Redact([""]), ValueError, "a field is a text"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_where_it_is_written(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


def test_codecs_are_kept_in_their_order():
    own = Rot13()
    assert checked_codecs([Compress(), own, Redact(["a"])]) == (Compress(), own, Redact(["a"]))


class Nameless(Rot13):
    name = "has spaces"


@pytest.mark.parametrize(
    ("codecs", "error", "words"),
    [
        (Compress(), TypeError, "such as (Compress(),), not Compress"),
        (7, TypeError, "not int"),
        ([object()], TypeError, "it has no name"),
        ([Rot13], TypeError, "it is a class, not an instance"),
        ([Nameless()], ValueError, "not 'has spaces'"),
        ([Rot13(), Rot13()], ValueError, "two codecs have the name 'rot13'"),
    ],
)
def test_what_is_no_codec_is_refused_where_it_is_written(codecs, error, words):
    with pytest.raises(error) as caught:
        checked_codecs(codecs)
    assert words in str(caught.value)


def test_a_payload_error_is_a_serdes_error_that_names_operation_and_key():
    error = PayloadError("is gone: its object is not there", "charge", "0a1b2c3d4e5f", "s3://bucket/9f")
    assert isinstance(error, SerdesError)
    assert str(error) == "the payload of charge (0a1b2c3d) is gone: its object is not there [s3://bucket/9f]"
    again = pickle.loads(pickle.dumps(error))
    assert (again.reason, again.operation, again.operation_id, again.key) == error.args
    assert str(PayloadError("is damaged")) == "the payload of an operation is damaged"


@pytest.mark.parametrize("options", [step, child])
def test_steps_and_children_have_the_handlers_codecs_unless_they_have_their_own(options):
    plain, own = options(len), options(len, codecs=[Compress()])
    assert plain.settings.codecs is None
    assert own.settings.codecs == (Compress(),)
    assert own.options(name="other").settings.codecs == (Compress(),)
    assert own.options(codecs=()).settings.codecs == ()
    assert own.options(codecs=None).settings.codecs is None
    with pytest.raises(TypeError, match="codecs is a tuple of codecs"):
        options(len, codecs=Compress())


def test_a_handlers_codecs_are_checked_where_they_are_written():
    assert durable(codecs=[Compress()])(max).options.codecs == (Compress(),)
    with pytest.raises(TypeError, match="codecs is a tuple of codecs"):
        durable(codecs=Compress())


def test_the_order_of_keys_is_part_of_them():
    one, two = b"1" * 16, b"2" * 16
    assert LocalKeys({"a": one, "b": two}) == LocalKeys({"a": one, "b": two})
    assert LocalKeys({"a": one, "b": two}) != LocalKeys({"b": two, "a": one})

"""Hashes without OpenSSL, and with it."""

import hashlib
import hmac
import importlib
import sys

import pytest

from perdure_runtime import digests
from perdure_runtime.digests import LARGE, MUCH, blake2b, hmac_sha256, keyed, sha256

DATA = [b"", b"a", b"x" * 1000, b"y" * LARGE]


@pytest.fixture(params=["first", "later"])
def stage(request, monkeypatch):
    """A young process, and one in which OpenSSL has taken over."""
    hashes = digests._Hashes()
    monkeypatch.setattr(digests, "_HASHES", hashes)
    if request.param == "later":
        hashes.used = MUCH
    else:
        monkeypatch.delitem(sys.modules, "_hashlib")
    return hashes


@pytest.mark.parametrize("data", DATA)
def test_hashes_are_those_of_the_standard_library(stage, data):
    assert sha256(data).hexdigest() == hashlib.sha256(data).hexdigest()
    assert blake2b(data).hexdigest() == hashlib.blake2b(data).hexdigest()


@pytest.mark.parametrize("key", [b"", b"key", b"k" * 64, b"k" * 65])
@pytest.mark.parametrize("data", DATA)
def test_keyed_hashes_are_those_of_the_standard_library(stage, key, data):
    halves = keyed(key)
    for _ in range(2):  # the halves are good for many messages
        assert hmac_sha256(halves, data).digest() == hmac.digest(key, data, "sha256")


def test_openssl_takes_over_after_a_while(stage):
    piece = b"z" * (LARGE - 1)
    for _ in range(MUCH // len(piece) + 1):
        sha256(piece)
    assert stage.sha256.__name__ == hashlib.sha256.__name__ == "openssl_sha256"


def test_openssl_takes_over_for_much_data(stage):
    sha256(b"z" * LARGE)
    assert stage.sha256.__name__ == hashlib.sha256.__name__ == "openssl_sha256"


def test_openssl_takes_over_where_somebody_has_loaded_it(stage):
    importlib.import_module("_hashlib")
    sha256(b"")
    assert stage.sha256.__name__ == hashlib.sha256.__name__ == "openssl_sha256"


@pytest.mark.parametrize("stage", ["first"], indirect=True)
def test_without_openssl_the_interpreters_own_hash_goes_on(stage, monkeypatch):
    monkeypatch.setitem(sys.modules, "_hashlib", None)
    assert sha256(b"y" * LARGE).hexdigest() == hashlib.sha256(b"y" * LARGE).hexdigest()
    assert stage.sha256 is digests._own_sha256


@pytest.mark.parametrize("stage", ["first"], indirect=True)
def test_a_few_small_messages_load_nothing(stage):
    for _ in range(1000):
        sha256(b"a request")
    assert stage.sha256 == stage._at_first

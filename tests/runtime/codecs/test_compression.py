import base64
import hashlib
import tracemalloc
import zlib

import pytest

from perdure.codecs import Compress, PayloadError
from perdure_runtime.codecs.chain import chain_for
from perdure_runtime.codecs.environment import is_installed
from perdure_runtime.codecs.wireform import Wrapped, read, write
from support.payloads import SITE, environment

HAS_ZSTD = is_installed("compression.zstd") or is_installed("zstandard")
NO_ZSTD = {"lacking": ("zstandard", "compression.zstd")}
METHODS = [
    "zlib",
    pytest.param("zstd", marks=pytest.mark.skipif(not HAS_ZSTD, reason="needs the package zstandard")),
]
MILLION = 1_000_000


def encoded(text, **settings):
    return chain_for([Compress(**settings)], environment()).encode(text, SITE)


def entry(text):
    return read(text).entries[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", ["a" * 10_000, "è" * 5000, '{"a":[1,2,3]}' * 900])
def test_a_compressed_text_comes_back(method, text):
    made = encoded(text, method=method)
    assert len(made) < len(text.encode()) / 10
    assert entry(made) == {"by": method, "size": len(text.encode()), "crc32": zlib.crc32(text.encode())}
    assert chain_for([], environment()).decode(made, SITE) == text


@pytest.mark.parametrize(("size", "applied"), [(999, False), (1000, True)])
def test_only_what_reaches_the_threshold_is_compressed(size, applied):
    assert (encoded("a" * size, threshold=1000) != "a" * size) is applied


@pytest.mark.parametrize("text", ["", "a", "a" * 90])
def test_what_the_note_would_make_larger_is_left_as_it_is(text):
    assert encoded(text, threshold=0) == text


def test_what_base64_would_make_larger_again_is_left_as_it_is():
    text = base64.b85encode(hashlib.shake_256(b"").digest(50_000)).decode()
    assert encoded(text) == text


def test_without_zstd_auto_takes_zlib():
    made = chain_for([Compress()], environment(**NO_ZSTD)).encode("a" * 10_000, SITE)
    assert entry(made)["by"] == "zlib"


@pytest.mark.skipif(not HAS_ZSTD, reason="needs the package zstandard")
def test_with_zstd_auto_takes_it():
    assert entry(encoded("a" * 10_000))["by"] == "zstd"


def test_asking_for_zstd_where_there_is_none_is_refused_before_anything_runs():
    with pytest.raises(ModuleNotFoundError, match=r"needs Python 3.14, or the package zstandard"):
        chain_for([Compress(method="zstd")], environment(**NO_ZSTD))


def test_reading_zstd_where_there_is_none_says_what_is_missing():
    text = write(Wrapped([{"by": "zstd", "size": 1}], b"x"))
    with pytest.raises(PayloadError, match=r"is compressed with zstd, and reading it takes Python 3.14, or"):
        chain_for([], environment(**NO_ZSTD)).decode(text, SITE)


def packed(method, data):
    if method == "zlib":
        return zlib.compress(data)
    from perdure_runtime.codecs import zstd

    codec = zstd.found(is_installed)
    assert codec is not None
    return codec.compress(data)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("declared", [10, MILLION - 1, MILLION + 1])
def test_a_size_that_is_not_what_was_declared_is_refused(method, declared):
    data = packed(method, b"0" * MILLION)
    text = write(Wrapped([{"by": method, "size": declared, "crc32": zlib.crc32(b"0" * MILLION)}], data))
    with pytest.raises(PayloadError, match=r"is (cut off or )?damaged"):
        chain_for([], environment()).decode(text, SITE)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_bomb_takes_no_more_memory_than_it_declares(method):
    bomb = packed(method, b"0" * 100 * MILLION)
    text = write(Wrapped([{"by": method, "size": 1000, "crc32": 0}], bomb))
    chain = chain_for([], environment())
    with pytest.raises(PayloadError):  # imports what it needs
        chain.decode(text, SITE)
    tracemalloc.start()
    try:
        with pytest.raises(PayloadError):
            chain.decode(text, SITE)
        assert tracemalloc.get_traced_memory()[1] < 5 * MILLION
    finally:
        tracemalloc.stop()


def test_a_declared_size_beyond_the_limit_is_refused_unread():
    text = write(Wrapped([{"by": "zlib", "size": 2**40}], zlib.compress(b"")))
    with pytest.raises(PayloadError, match=r"takes 1,099,511,627,776 bytes, and codecs handle at most 67,108,864"):
        chain_for([], environment()).decode(text, SITE)


@pytest.mark.parametrize("method", METHODS)
def test_data_that_was_never_compressed_is_refused(method):
    text = write(Wrapped([{"by": method, "size": 3, "crc32": 0}], b"abc"))
    with pytest.raises(PayloadError, match=r"is (cut off or )?damaged"):
        chain_for([], environment()).decode(text, SITE)

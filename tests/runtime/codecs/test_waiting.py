"""Which codecs may wait for something elsewhere; they are used on several threads, and share what they have."""

import threading

import pytest

from perdure.codecs import Compress, Encrypt, KmsKeys, LocalKeys, Offload, Redact
from perdure_runtime.codecs.chain import chain_for
from perdure_runtime.codecs.environment import Environment
from perdure_runtime.codecs.wireform import Wrapped, read, write
from support.payloads import SITE, MemoryStore, Reverse, environment

KEYS = LocalKeys({"k": b"k" * 32})
FAR = KmsKeys("alias/k")
STORE = MemoryStore()


class Kms:
    """KMS as far as data keys go; while it answers, another thread begins `beside`, and has a moment to get on."""

    def __init__(self):
        self.calls = []
        self.beside = None

    def generate_data_key(self, **_):
        self.called("generate")
        return {"Plaintext": b"d" * 32, "CiphertextBlob": b"closed", "KeyId": "arn"}

    def decrypt(self, **_):
        self.called("decrypt")
        return {"Plaintext": b"d" * 32, "KeyId": "arn"}

    def called(self, call):
        self.calls.append(call)
        if self.beside is not None:
            other, self.beside = threading.Thread(target=self.beside), None
            other.start()
            other.join(0.02)


def kms_chain(kms):
    return chain_for([Encrypt(FAR)], environment({"kms": kms}))


@pytest.mark.parametrize(
    ("codecs", "size", "waits"),
    [
        ([], 10**6, False),
        ([Compress(), Encrypt(KEYS)], 10**6, False),
        ([Offload(MemoryStore(), 100_000)], 1_000, False),
        ([Offload(MemoryStore(), 100_000)], 100_001, True),
        ([Compress(), Offload(MemoryStore(), 100_000)], 90_000, True),
        ([Encrypt(FAR)], 1, True),
        ([Reverse()], 1, True),
        ([Redact(("card",))], 10**6, False),
    ],
)
def test_a_chain_says_whether_it_may_wait_for_something_elsewhere(codecs, size, waits):
    assert chain_for(codecs, environment()).waits_to_encode("a" * size) is waits


def test_what_is_no_ascii_may_take_four_bytes_a_character():
    chain = chain_for([Offload(MemoryStore(), 100_000)], environment())
    assert (chain.waits_to_encode("a" * 20_000), chain.waits_to_encode("é" * 20_000)) == (False, True)


@pytest.mark.parametrize(
    ("codecs", "waits"),
    [
        ([Compress(0, "zlib")], False),
        ([Encrypt(KEYS)], False),
        ([Offload(STORE, 0)], True),
        ([Reverse()], True),
    ],
)
def test_only_what_was_done_to_a_text_is_waited_for_when_it_is_read(codecs, waits):
    text = chain_for(codecs, environment()).encode("a" * 5000, SITE)
    everything = chain_for([Compress(), Encrypt(KEYS), Offload(STORE), Reverse()], environment())
    assert everything.waits_to_decode(text) is waits
    assert everything.waits_to_decode("plain") is False
    assert chain_for([], environment()).waits_to_decode(text) is False


def test_a_data_key_that_is_at_hand_is_not_waited_for():
    kms = Kms()
    chain = kms_chain(kms)
    text = chain.encode("secret", SITE)
    assert (chain.waits_to_encode("secret"), chain.waits_to_decode(text)) == (False, False)
    later = kms_chain(kms)
    assert later.waits_to_decode(text)
    later.decode(text, SITE)
    assert (later.waits_to_encode("secret"), later.waits_to_decode(text)) == (True, False)


def test_a_data_key_for_each_payload_is_always_waited_for():
    chain = chain_for([Encrypt(FAR, key_per="payload")], environment({"kms": Kms()}))
    chain.encode("secret", SITE)
    assert chain.waits_to_encode("secret")


def test_a_note_that_is_damaged_needs_no_waiting():
    entry, *_ = read(kms_chain(Kms()).encode("secret", SITE)).entries
    damaged = write(Wrapped([{**entry, "closed": "?"}], b""))
    assert kms_chain(Kms()).waits_to_decode(damaged) is False


@pytest.mark.parametrize("call", ["generate", "decrypt"])
def test_threads_that_need_the_same_data_key_make_one_request_for_it(call):
    kms, made = Kms(), []
    text = kms_chain(kms).encode("secret", SITE)
    kms.calls.clear()
    chain = kms_chain(kms)
    work = {"generate": lambda: chain.encode("secret", SITE), "decrypt": lambda: chain.decode(text, SITE)}[call]
    done = threading.Event()

    def beside():
        made.append(work())
        done.set()

    kms.beside = beside
    made.append(work())
    assert done.wait(10)
    assert len(made) == 2
    assert kms.calls == [call]


def test_threads_that_need_the_same_client_make_one():
    made, done = [], threading.Event()

    def beside():
        surroundings.client("s3", None)
        done.set()

    def make(service, region):
        made.append(service)
        if len(made) == 1:
            other = threading.Thread(target=beside)
            other.start()
            other.join(0.02)
        return object()

    surroundings = Environment(make)
    surroundings.client("s3", None)
    assert done.wait(10)
    assert made == ["s3"]

import json

import pytest

from perdure.codecs import Compress, Encrypt, LocalKeys, Offload, PayloadError
from perdure_runtime.codecs.chain import chain_for
from perdure_runtime.codecs.encryption import MOST_OPENED
from perdure_runtime.codecs.environment import is_installed
from perdure_runtime.codecs.wireform import Wrapped, read, write
from support.payloads import OTHER_SITE, SITE, MemoryStore, environment

OLD, NEW = b"o" * 32, b"n" * 32
needs_cryptography = pytest.mark.skipif(not is_installed("cryptography"), reason="needs the package cryptography")
SEALINGS = [{}, pytest.param({"sealing": None}, marks=needs_cryptography, id="aes-gcm")]


def encrypting(keys=None, *, key_per="invocation", surroundings=None):
    settings = Encrypt(LocalKeys(keys or {"new": NEW}), key_per=key_per)
    return chain_for([settings], surroundings or environment())


def entry(text):
    return read(text).entries[0]


@pytest.mark.parametrize("sealing", SEALINGS)
@pytest.mark.parametrize("text", ["", "secret", "ü" * 5000])
def test_an_encrypted_text_comes_back_and_shows_nothing(sealing, text):
    chain = encrypting(surroundings=environment(**sealing))
    made = chain.encode(text, SITE)
    assert "secret" not in made
    assert b"secret" not in read(made).data
    assert encrypting(surroundings=environment(**sealing)).decode(made, SITE) == text


def test_the_note_names_the_key_and_holds_the_closed_data_key():
    note = entry(encrypting().encode("secret", SITE))
    assert list(note) == ["by", "keys", "key", "closed", "nonce", "size"]
    assert (note["by"], note["keys"], note["key"], note["size"]) == ("aes-256-gcm", "local", "new", 6)


@pytest.mark.parametrize("sealing", SEALINGS)
@pytest.mark.parametrize(
    "site", [OTHER_SITE, SITE._replace(execution_arn=f"{SITE.execution_arn}2")], ids=["operation", "execution"]
)
def test_a_text_copied_to_another_place_does_not_open_there(sealing, site):
    chain = encrypting(surroundings=environment(**sealing))
    made = chain.encode("secret", SITE)
    with pytest.raises(PayloadError) as caught:
        chain.decode(made, site)
    assert "cannot be decrypted" in str(caught.value)
    assert caught.value.key == "new"


def test_the_name_of_an_operation_may_change():
    chain = encrypting()
    assert chain.decode(chain.encode("secret", SITE), SITE._replace(operation_name=None)) == "secret"


def test_a_note_of_what_was_done_before_cannot_be_changed():
    chain = chain_for([Offload(MemoryStore(), threshold=0), Encrypt(LocalKeys({"new": NEW}))], environment())
    entries, data = read(chain.encode("secret", SITE))
    entries[0]["sha256"] = "0" * 64
    with pytest.raises(PayloadError, match="cannot be decrypted"):
        chain.decode(write(Wrapped(entries, data)), SITE)


@pytest.mark.parametrize("sealing", SEALINGS)
def test_any_changed_byte_is_noticed(sealing):
    chain = encrypting(surroundings=environment(**sealing))
    entries, data = read(chain.encode("secret", SITE))
    for index in range(len(data)):
        changed = data[:index] + bytes([data[index] ^ 128]) + data[index + 1 :]
        with pytest.raises(PayloadError, match="cannot be decrypted"):
            chain.decode(write(Wrapped(entries, changed)), SITE)
    with pytest.raises(PayloadError, match="cannot be decrypted"):
        chain.decode(write(Wrapped(entries, b"")), SITE)


def test_former_keys_still_open_what_they_closed():
    made = encrypting({"old": OLD}).encode("secret", SITE)
    rotated = encrypting({"old": OLD, "new": NEW})
    assert rotated.decode(made, SITE) == "secret"
    assert entry(rotated.encode("secret", SITE))["key"] == "new"


@pytest.mark.parametrize("sealing", SEALINGS)
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"new": NEW}, "was encrypted under a key that LocalKeys does not have; it has new"),
        ({"old": NEW}, "the key of this name is not the one it was encrypted under"),
    ],
)
def test_a_wrong_key_says_which_key_it_was(sealing, keys, words):
    made = encrypting({"old": OLD}, surroundings=environment(**sealing)).encode("secret", SITE)
    with pytest.raises(PayloadError) as caught:
        encrypting(keys, surroundings=environment(**sealing)).decode(made, SITE)
    assert words in str(caught.value)
    assert str(caught.value).endswith("[old]")
    assert caught.value.operation == "charge"


def test_of_several_codecs_the_one_that_has_the_key_opens():
    made = encrypting({"old": OLD}).encode("secret", SITE)
    both = chain_for([Encrypt(LocalKeys({"new": NEW})), Encrypt(LocalKeys({"old": OLD}))], environment())
    assert both.decode(made, SITE) == "secret"
    assert both.decode(both.encode("secret", SITE), SITE) == "secret"


def closed_keys(chain, surroundings):
    """The closed data keys of two payloads, then of one in the next invocation."""
    keys = [entry(chain.encode("a", SITE))["closed"] for _ in range(2)]
    surroundings.begin_invocation()
    return [*keys, entry(chain.encode("a", SITE))["closed"]]


def test_a_data_key_serves_one_invocation():
    surroundings = environment()
    first, second, later = closed_keys(encrypting(surroundings=surroundings), surroundings)
    assert first == second != later


def test_a_data_key_may_serve_one_payload_only():
    surroundings = environment()
    keys = closed_keys(encrypting(key_per="payload", surroundings=surroundings), surroundings)
    assert len(set(keys)) == 3


def test_no_nonce_is_used_twice():
    chain = encrypting()
    assert len({entry(chain.encode("a", SITE))["nonce"] for _ in range(50)}) == 50


def test_data_keys_that_are_remembered_are_bounded():
    writer, reader = encrypting(key_per="payload"), encrypting()
    for _ in range(MOST_OPENED + 10):
        assert reader.decode(writer.encode("a", SITE), SITE) == "a"
    assert len(reader._stages[0]._opened) == MOST_OPENED


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"keys": "kms"}, "was encrypted with keys of another source (kms)"),
        ({"nonce": "YQ=="}, "its nonce has another length"),
        ({"nonce": "?"}, "a part of its note is not base64"),
        ({"closed": 7}, "a part of its note is not base64"),
        ({"closed": ""}, "cannot be decrypted"),
    ],
)
def test_a_damaged_note_is_told(facts, words):
    chain = encrypting()
    entries, data = read(chain.encode("secret", SITE))
    with pytest.raises(PayloadError) as caught:
        chain.decode(write(Wrapped([{**entries[0], **facts}], data)), SITE)
    assert words in str(caught.value)


def test_without_cryptography_encrypting_is_refused_before_anything_runs():
    bare = environment(sealing=None, lacking=("cryptography",))
    with pytest.raises(ModuleNotFoundError, match="Encrypt needs the package cryptography"):
        encrypting(surroundings=bare)


def test_the_texts_of_a_chain_hold_no_open_key_and_neither_does_what_is_shown_of_it():
    chain = chain_for([Compress(threshold=0), Encrypt(LocalKeys({"new": NEW}))], environment())
    made = chain.encode("secret" * 100, SITE)
    shown = chain.redactor.text(made)
    assert shown in {"zlib, aes-256-gcm (600 bytes)", "zstd, aes-256-gcm (600 bytes)"}
    opened = chain._stages[1]._current
    assert repr(opened) == "<DataKey closed by new>"
    assert json.dumps(entry(made)).find(opened.opened.hex()) == -1

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ParamValidationError
from botocore.stub import Stubber

from perdure import ServiceError
from perdure.codecs import Encrypt, KmsKeys, PayloadError
from perdure_runtime.codecs.chain import chain_for
from perdure_runtime.codecs.wireform import read
from support.payloads import SITE, environment

ARN = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
OPENED, CLOSED = b"d" * 32, b"closed by kms"
CONTEXT = {"perdure": "payload"}
MAKE = {"KeyId": "alias/orders", "KeySpec": "AES_256", "EncryptionContext": CONTEXT}
MADE = {"Plaintext": OPENED, "CiphertextBlob": CLOSED, "KeyId": ARN}


@pytest.fixture
def kms():
    client = boto3.client("kms", "eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret")
    with Stubber(client) as stubber:
        stubber.client = client
        yield stubber
        stubber.assert_no_pending_responses()
    client.close()


def chain(kms, *former, key_id="alias/orders"):
    return chain_for([Encrypt(KmsKeys(key_id, former))], environment({"kms": kms.client}))


def opening(key):
    return {"KeyId": key, "CiphertextBlob": CLOSED, "EncryptionContext": CONTEXT}


def encoded(kms):
    kms.add_response("generate_data_key", MADE, MAKE)
    return chain(kms).encode("secret", SITE)


def test_kms_makes_one_data_key_for_an_invocation_and_opens_none_of_its_own(kms):
    kms.add_response("generate_data_key", MADE, MAKE)
    own = chain(kms)
    texts = [own.encode(f"secret {number}", SITE) for number in range(3)]
    assert [own.decode(text, SITE) for text in texts] == ["secret 0", "secret 1", "secret 2"]
    assert read(texts[0]).entries[0]["key"] == ARN


def test_kms_opens_a_data_key_once_under_the_key_that_was_named(kms):
    text = encoded(kms)
    kms.add_response("decrypt", {"Plaintext": OPENED, "KeyId": ARN}, opening("alias/orders"))
    later = chain(kms)
    assert [later.decode(text, SITE) for _ in range(3)] == ["secret"] * 3


def test_a_former_key_opens_what_it_closed(kms):
    text = encoded(kms)
    kms.add_client_error("decrypt", "IncorrectKeyException", expected_params=opening("alias/other"))
    kms.add_response("decrypt", {"Plaintext": OPENED, "KeyId": ARN}, opening("alias/former"))
    assert chain(kms, "alias/former", key_id="alias/other").decode(text, SITE) == "secret"


def test_a_key_that_is_named_as_the_record_names_it_is_asked_first(kms):
    text = encoded(kms)
    kms.add_response("decrypt", {"Plaintext": OPENED, "KeyId": ARN}, opening(ARN))
    assert chain(kms, ARN, key_id="alias/other").decode(text, SITE) == "secret"


def test_a_key_that_nobody_named_is_never_asked(kms):
    text = encoded(kms)
    kms.add_client_error("decrypt", "IncorrectKeyException", expected_params=opening("alias/other"))
    with pytest.raises(PayloadError) as caught:
        chain(kms, key_id="alias/other").decode(text, SITE)
    assert "was encrypted under a key that KmsKeys does not name; it names alias/other" in str(caught.value)
    assert caught.value.key == ARN


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDeniedException", 400),
        ("InvalidCiphertextException", 400),
        ("NotFoundException", 400),
        ("DisabledException", 409),
    ],
)
def test_what_kms_will_refuse_again_is_the_payloads_error(kms, code, status):
    text = encoded(kms)
    kms.add_client_error("decrypt", code, "told so", http_status_code=status)
    with pytest.raises(PayloadError) as caught:
        chain(kms).decode(text, SITE)
    assert f"cannot be decrypted: {code}: told so" in str(caught.value)
    assert caught.value.key == ARN
    kms.add_client_error("generate_data_key", code, "", http_status_code=status)
    with pytest.raises(PayloadError) as caught:
        chain(kms).encode("secret", SITE)
    assert str(caught.value).endswith(f"cannot be encrypted: {code} [alias/orders]")


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 400), ("KMSInternalException", 500)])
def test_what_may_pass_lets_the_invocation_be_made_again(kms, code, status):
    kms.add_client_error("generate_data_key", code, "later", http_status_code=status, expected_params=MAKE)
    with pytest.raises(ServiceError) as caught:
        chain(kms).encode("secret", SITE)
    assert (caught.value.call, caught.value.code, caught.value.retryable) == ("GenerateDataKey", code, True)


class Raising:
    def __init__(self, error):
        self.error = error

    def generate_data_key(self, **_):
        raise self.error


def raising(error):
    return chain_for([Encrypt(KmsKeys("k", client=Raising(error)))], environment())


def test_a_client_of_the_users_is_taken_and_a_network_that_is_down_may_come_back():
    with pytest.raises(ServiceError) as caught:
        raising(EndpointConnectionError(endpoint_url="kms")).encode("secret", SITE)
    assert (caught.value.code, caught.value.retryable) == ("EndpointConnectionError", True)


def test_what_cannot_even_be_asked_is_the_payloads_error():
    with pytest.raises(PayloadError, match=r"(?s)cannot be encrypted: ParamValidation: .*too long \[k\]"):
        raising(ParamValidationError(report="too long")).encode("secret", SITE)


def test_without_boto3_kms_is_refused_before_anything_runs():
    with pytest.raises(ModuleNotFoundError, match="KmsKeys needs the package boto3"):
        chain_for([Encrypt(KmsKeys("k"))], environment(lacking=("boto3",)))

import hashlib

import pytest

from perdure import ServiceError
from perdure.codecs import Compress, Encrypt, FileStore, LocalKeys, Offload, PayloadError, S3Store
from perdure_runtime.codecs.chain import chain_for
from perdure_runtime.codecs.environment import Environment
from perdure_runtime.codecs.stores import Folder
from perdure_runtime.codecs.wireform import Wrapped, read, write
from support.object_store import ObjectStandIn
from support.payloads import SITE, MemoryStore, environment

TEXT = "a large result " * 100
HASH = hashlib.sha256(TEXT.encode()).hexdigest()
KEY = f"{HASH[:2]}/{HASH}"


@pytest.fixture
def s3():
    with ObjectStandIn() as stand_in:
        yield stand_in


def through_s3(s3, bucket="payloads", prefix="perdure/"):
    return chain_for([Offload(S3Store(bucket, prefix), threshold=100)], environment({"s3": s3.client}))


def through(store, threshold=100):
    return chain_for([Offload(store, threshold)], environment())


def failure(chain, text):
    with pytest.raises(PayloadError) as caught:
        chain.decode(text, SITE)
    assert caught.value.operation == "charge"
    return caught.value


def test_a_large_text_goes_to_s3_under_the_hash_of_its_content(s3):
    made = through_s3(s3).encode(TEXT, SITE)
    assert s3.objects == {f"payloads/perdure/{KEY}": TEXT.encode()}
    assert read(made) == Wrapped(
        [{"by": "object", "sha256": HASH, "at": f"s3://payloads/perdure/{KEY}", "size": len(TEXT)}], b""
    )
    assert len(made) < 300
    assert through_s3(s3).decode(made, SITE) == TEXT


def test_an_object_is_stored_again_so_that_its_time_begins_anew(s3):
    chain = through_s3(s3)
    assert chain.encode(TEXT, SITE) == chain.encode(TEXT, SITE)
    assert [method for method, _ in s3.requests] == ["PUT", "PUT"]


def test_where_an_object_is_looked_for_is_never_what_the_record_says(s3):
    made = through_s3(s3).encode(TEXT, SITE)
    s3.objects = {f"moved/{KEY}": TEXT.encode()}
    assert through_s3(s3, "moved", "").decode(made, SITE) == TEXT
    assert s3.requests[-1] == ("GET", f"moved/{KEY}")


def test_a_missing_object_names_operation_and_object(s3):
    made = through_s3(s3).encode(TEXT, SITE)
    s3.objects.clear()
    error = failure(through_s3(s3), made)
    assert str(error) == (
        f"the payload of charge (0a1b2c3d) is gone: its object is not there [s3://payloads/perdure/{KEY}]"
    )
    assert error.key == f"s3://payloads/perdure/{KEY}"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-1], "is cut off or damaged: its object has not 1,500 bytes"),
        (lambda data: data + b"!", "is cut off or damaged: its object has not 1,500 bytes"),
        (lambda data: b"X" + data[1:], "does not have the checksum that the record names"),
        (lambda data: b"", "is cut off or damaged"),
    ],
)
def test_a_damaged_object_is_noticed(s3, damage, words):
    made = through_s3(s3).encode(TEXT, SITE)
    s3.proofs.clear()
    s3.objects = {name: damage(data) for name, data in s3.objects.items()}
    error = failure(through_s3(s3), made)
    assert words in str(error)
    assert error.key.startswith("s3://payloads/perdure/")


def test_an_object_that_does_not_have_the_checksum_it_is_sent_with_is_damaged(s3):
    made = through_s3(s3).encode(TEXT, SITE)
    s3.objects = {name: b"X" + data[1:] for name, data in s3.objects.items()}
    error = failure(through_s3(s3), made)
    assert "is damaged: " in str(error)
    assert error.key == f"s3://payloads/perdure/{KEY}"


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchBucket"), (400, "KMS.Disabled")])
def test_what_s3_will_refuse_again_is_the_payloads_error(s3, status, code):
    made = through_s3(s3).encode(TEXT, SITE)
    s3.refuse.append((status, code))
    assert f"cannot be fetched: {code}: as told" in str(failure(through_s3(s3), made))
    s3.refuse.append((status, code))
    with pytest.raises(PayloadError) as caught:
        through_s3(s3).encode(TEXT, SITE)
    assert f"cannot be stored: {code}: as told" in str(caught.value)
    assert caught.value.key == f"s3://payloads/perdure/{KEY}"


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (400, "RequestTimeout")])
def test_what_may_pass_lets_the_invocation_be_made_again(s3, status, code):
    chain = through_s3(s3)
    made = chain.encode(TEXT, SITE)
    for call in (chain.encode, chain.decode):
        s3.refuse.append((status, code))
        with pytest.raises(ServiceError) as caught:
            call(made if call == chain.decode else TEXT, SITE)
        assert (caught.value.code, caught.value.status, caught.value.retryable) == (code, status, True)


def test_an_answer_that_breaks_off_lets_the_invocation_be_made_again(s3):
    chain = through_s3(s3)
    made = chain.encode(TEXT, SITE)
    s3.cut = True
    with pytest.raises(ServiceError) as caught:
        chain.decode(made, SITE)
    assert (caught.value.call, caught.value.retryable) == ("GetObject", True)


def test_a_client_of_the_users_is_taken(s3):
    chain = chain_for([Offload(S3Store("own", client=s3.client), threshold=0)], environment())
    assert chain.decode(chain.encode(TEXT, SITE), SITE) == TEXT
    assert list(s3.objects) == [f"own/perdure/{KEY}"]


def test_an_old_store_that_stays_listed_is_still_read():
    old, new = MemoryStore(), MemoryStore()
    made = through(old).encode(TEXT, SITE)
    both = chain_for([Offload(new, 100), Offload(old, 100)], environment())
    assert both.decode(made, SITE) == TEXT
    both.encode(TEXT + "!", SITE)
    assert (len(old.objects), len(new.objects)) == (1, 1)


@pytest.mark.parametrize(("size", "goes"), [(100, False), (101, True)])
def test_what_takes_more_than_the_threshold_is_stored_elsewhere(size, goes):
    store = MemoryStore()
    through(store).encode("a" * size, SITE)
    assert bool(store.objects) is goes


def test_the_threshold_is_of_the_text_that_would_be_recorded():
    store, text = MemoryStore(), "".join(map(chr, range(32, 127)))
    codecs = [Encrypt(LocalKeys({"k": b"k" * 32})), Offload(store, threshold=300)]
    chain_for(codecs, environment()).encode(text, SITE)  # 95 bytes, in base64, with a tag and a note
    assert len(store.objects) == 1


def test_what_comes_before_is_done_to_the_object():
    store = MemoryStore()
    codecs = [Compress(0), Encrypt(LocalKeys({"k": b"k" * 32})), Offload(store, threshold=0)]
    chain = chain_for(codecs, environment())
    made = chain.encode(TEXT, SITE)
    (stored,) = store.objects.values()
    assert b"large" not in stored
    assert len(stored) < 200
    assert chain.decode(made, SITE) == TEXT


def test_a_folder_holds_objects_as_a_bucket_does(tmp_path):
    chain = through(FileStore(str(tmp_path / "made when it is needed")))
    made = chain.encode(TEXT, SITE)
    assert chain.encode(TEXT, SITE) == made
    (folder,) = tmp_path.iterdir()
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()] == [KEY]
    assert chain.decode(made, SITE) == TEXT
    (folder / KEY).write_bytes(b"other")
    assert "is cut off or damaged" in str(failure(chain, made))
    (folder / KEY).unlink()
    assert "is gone" in str(failure(chain, made))


def test_a_folder_that_cannot_be_written_is_the_payloads_error_and_leaves_nothing(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PayloadError, match="cannot be stored: "):
        through(FileStore(str(tmp_path / "file"))).encode(TEXT, SITE)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_cannot_be_written_to_its_end_is_not_there(tmp_path):
    folder = Folder(FileStore(str(tmp_path)), environment())
    with pytest.raises(TypeError):
        folder.put("ab/abc", "a text where bytes should be")
    assert list((tmp_path / "ab").iterdir()) == []


@pytest.mark.parametrize("name", ["", "../../../etc/passwd", "A" * 64, "0" * 63, f"{HASH}/.."])
def test_a_record_cannot_name_anything_but_a_hash(tmp_path, name):
    text = write(Wrapped([{"by": "object", "sha256": name, "at": "/etc/passwd", "size": 5}], b""))
    assert "does not say which object it is" in str(failure(through(FileStore(str(tmp_path))), text))


class Moody(MemoryStore):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def put(self, key, data, /):
        raise self.error

    get = put


def test_what_a_store_of_the_users_raises_is_the_payloads_error():
    chain = through(Moody(OSError("disk full")))
    with pytest.raises(PayloadError, match="cannot be stored: OSError: disk full"):
        chain.encode(TEXT, SITE)
    made = through(MemoryStore()).encode(TEXT, SITE)
    assert "cannot be fetched: OSError: disk full" in str(failure(chain, made))


def test_a_store_of_the_users_may_say_that_the_invocation_should_be_made_again():
    with pytest.raises(ServiceError):
        through(Moody(ServiceError("Vault", "Busy"))).encode(TEXT, SITE)


def test_without_boto3_s3_is_refused_before_anything_runs():
    with pytest.raises(ModuleNotFoundError, match="S3Store needs the package boto3"):
        chain_for([Offload(S3Store("b"))], environment(lacking=("boto3",)))


@pytest.mark.slow
def test_clients_are_made_once_in_the_functions_own_region():
    surroundings = Environment.from_environment({"AWS_REGION": "eu-north-1"})
    client = surroundings.client("s3", None)
    assert client.meta.region_name == "eu-north-1"
    assert surroundings.client("s3", None) is client
    other = surroundings.client("s3", "us-east-2")
    assert other.meta.region_name == "us-east-2"
    client.close()
    other.close()

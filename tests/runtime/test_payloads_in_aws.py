"""Payloads in S3, under keys of KMS: whole workflows, boto3, and a server that answers as those services do."""

from dataclasses import dataclass
from importlib.util import find_spec

import pytest

from perdure import Compress, Encrypt, KmsKeys, Offload, S3Store, durable
from support.aws import Aws
from support.colours import SYNC, both
from support.hosting import error_of, hosted, said
from support.ledger_service import LedgerService, succeeded

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("moto") is None, reason="needs the package moto"),
    pytest.mark.skipif(find_spec("cryptography") is None, reason="needs the package cryptography"),
]
NUMBERS = list(range(1000))
BUCKET = "payloads"


@dataclass(frozen=True)
class Table:
    rows: list[int]


def table() -> Table:
    return Table(NUMBERS)


@pytest.fixture(scope="module")
def aws():
    with Aws() as server:
        yield server


@pytest.fixture
def s3(aws):
    """An empty bucket."""
    aws.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield aws.s3
    for key in keys(aws.s3):
        aws.s3.delete_object(Bucket=BUCKET, Key=key)
    aws.s3.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def kms(aws):
    return aws.kms


def keys(s3):
    return [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def codecs_of(s3, kms, key, former=()):
    return (
        Compress(),
        Encrypt(KmsKeys(key, former, client=kms)),
        Offload(S3Store(BUCKET, client=s3), threshold=1000),
    )


def suspended(colour, codecs):
    """A workflow that runs a step, sleeps, and goes by the step's result."""

    @durable(codecs=codecs)
    @colour
    def workflow(event, ctx):
        live = yield ctx.step(table)
        yield ctx.wait(seconds=1)
        assert type(live) is Table
        return sum(live.rows)

    return workflow


def first_half(colour, codecs):
    """What an execution has recorded when it is suspended."""
    service = LedgerService()
    hosted(suspended(colour, codecs), service).step()
    return service


def second_half(colour, codecs, service):
    harness = hosted(suspended(colour, codecs), service)
    harness.run()
    return harness


@both
def test_a_result_comes_back_from_s3_through_a_key_of_kms(colour, s3, kms):
    codecs = codecs_of(s3, kms, kms.create_key()["KeyMetadata"]["KeyId"])
    service = first_half(colour, codecs)
    [key] = keys(s3)
    assert key.startswith("perdure/")
    stored = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert b"rows" not in stored
    assert succeeded(second_half(colour, codecs, service).execution) == sum(NUMBERS)


def test_an_object_that_is_gone_or_another_one_is_named(s3, kms):
    codecs = codecs_of(s3, kms, kms.create_key()["KeyMetadata"]["KeyId"])
    for damage, words in (
        (lambda key: s3.delete_object(Bucket=BUCKET, Key=key), "is gone: its object is not there"),
        (lambda key: s3.put_object(Bucket=BUCKET, Key=key, Body=b"other"), "is cut off or damaged"),
    ):
        service = first_half(SYNC, codecs)
        [key] = keys(s3)
        damage(key)
        harness = second_half(SYNC, codecs, service)
        assert error_of(harness)["ErrorType"] == "perdure.codecs.PayloadError"
        assert said(harness).startswith("the payload of table (")
        assert words in said(harness)
        assert said(harness).endswith(f"[s3://{BUCKET}/{key}]")
        s3.delete_object(Bucket=BUCKET, Key=key)


def test_a_bucket_that_is_not_there_fails_the_step_before_anything_is_recorded(aws, kms):
    codecs = codecs_of(aws.s3, kms, kms.create_key()["KeyMetadata"]["KeyId"])
    harness = second_half(SYNC, codecs, LedgerService())
    assert "cannot be stored: NoSuchBucket" in said(harness)


def test_a_former_key_opens_what_it_closed(s3, kms):
    old, new = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    arn = kms.describe_key(KeyId=old)["KeyMetadata"]["Arn"]
    service = first_half(SYNC, codecs_of(s3, kms, old))
    assert succeeded(second_half(SYNC, codecs_of(s3, kms, new, (arn,)), service).execution) == sum(NUMBERS)

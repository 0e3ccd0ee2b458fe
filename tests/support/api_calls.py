"""Calls to the local service over HTTP: through boto3, and without it."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

SUCCEED = {"Status": "SUCCEEDED", "Result": '"done"'}


def refused(call, **parameters):
    with pytest.raises(ClientError) as error:
        call(**parameters)
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def invoke(client, name, payload=b"{}", **parameters):
    answer = client.invoke(FunctionName=name, Qualifier="$LATEST", Payload=payload, **parameters)
    return answer, answer["Payload"].read()


def raw(service, method, path, body=None, headers=None):
    """Make a request; its status, the kind of its refusal, and its answer, which must be JSON if there is any."""
    address = urlsplit(service.endpoint)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers["x-amzn-errortype"], json.loads(response.read() or b"null")
    finally:
        connection.close()

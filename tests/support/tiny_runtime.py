"""A Lambda runtime of a few lines: what a worker has to do, and nothing else. Started as a process by tests."""

import http.client
import importlib
import json
import os
import sys
import traceback

BASE = "/2018-06-01/runtime"


def call(connection, method, path, body=None, headers=None):
    connection.request(method, BASE + path, body, headers or {})
    response = connection.getresponse()
    return response.headers, response.read()


def report(error):
    stack = traceback.format_exception(error)
    return json.dumps({"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": stack})


def main():
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001 - reported as Lambda's own runtime does
        call(connection, "POST", "/init/error", report(error))
        sys.exit(1)
    while True:
        headers, body = call(connection, "GET", "/invocation/next")
        path = f"/invocation/{headers['Lambda-Runtime-Aws-Request-Id']}"
        echo = {"Lambda-Runtime-Invocation-Id": headers["Lambda-Runtime-Invocation-Id"]}
        try:
            output = json.dumps(handler(json.loads(body), headers))
        except Exception as error:  # noqa: BLE001 - a function error
            call(connection, "POST", path + "/error", report(error), echo)
        else:
            call(connection, "POST", path + "/response", output, echo)


if __name__ == "__main__":
    main()

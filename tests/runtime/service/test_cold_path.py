import subprocess
import sys

import pytest

from support.loopback import Loopback, answer
from support.service_values import ARN

HEAVY = {
    "asyncio", "boto3", "botocore", "dataclasses", "datetime", "email", "encodings.idna", "http", "http.client",
    "importlib.metadata", "inspect", "ipaddress", "json", "logging", "pathlib", "random", "socket", "ssl",
    "urllib", "urllib.parse", "urllib.request", "urllib3", "uuid",
}  # fmt: skip

# What the packages themselves load is not the client's to answer for.
IMPORTING = """
import sys, perdure.errors, perdure_runtime
before = set(sys.modules)
import perdure_runtime.service.{module}
print(*sorted(set(sys.modules) - before))
"""

CALLING = """
import sys, orjson, perdure.errors, perdure_runtime
before = set(sys.modules)
import time
from perdure_runtime.service.selection import Effects, service_from_environment
environ, arn = {environ!r}, {arn!r}
service = service_from_environment(environ, Effects(time.time, time.sleep, lambda: 0.0, print))
service.connect()
service.checkpoint(arn, "t", [], "c")
service.close()
print(*sorted(set(sys.modules) - before))
"""


def modules_after(program):
    # As Lambda starts it, without site: what site imports would hide what we import.
    paths = [path for path in sys.path if path]
    code = f"import sys; sys.path[:] = {paths!r}\n{program}"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize("module", ["lean", "selection"])
def test_importing_the_client_imports_nothing_heavy(module):
    loaded = modules_after(IMPORTING.format(module=module))
    assert f"perdure_runtime.service.{module}" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.slow
def test_a_call_over_plain_http_imports_orjson_and_nothing_else_heavy():
    with Loopback([answer(b"{}")]) as server:
        environ = {
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}",
        }
        loaded = modules_after(CALLING.format(environ=environ, arn=ARN))
    assert loaded & HEAVY == set()

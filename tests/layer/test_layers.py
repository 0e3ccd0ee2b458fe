"""What an unpacked layer does with a function: where modules come from, and which loop runs."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from layer.binaries import C_LIBRARY
from layer.build import PYTHON

from support.built_layers import MANAGED, OS_ONLY, WITH_BOTO3, built, unpack
from support.deployed import AWAY, answered, serve
from support.ledger_service import LedgerService
from support.runtime_api import Delivery, ScriptedRuntimeApi
from support.runtime_process import FUNCTION

linux = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's binaries are Linux's")
pytestmark = [pytest.mark.slow, linux]

APP = """
import os, sys, orjson, perdure, perdure_runtime
def handler(event, context):
    return {"event": event, "origins": [m.__file__ for m in (orjson, perdure, perdure_runtime)], "path": sys.path,
            "executable": sys.executable}
"""

DURABLE = """
from perdure import Context, durable

@durable
def handler(order: dict[str, int], ctx: Context) -> int:
    return order["n"] + 1
"""

PACKED = """
import sys
from perdure import durable

@durable
def handler(order, ctx):
    return [type(sys.modules[name].__loader__).__name__ for name in ("perdure_bootstrap.loop", "perdure_runtime.host")]
"""

CLOSURE = """
import asyncio, bz2, ctypes, decimal, hashlib, lzma, multiprocessing, sqlite3, ssl, sys, unittest, uuid, zoneinfo
import greenlet, orjson, simplejson, structlog, awslambdaric.bootstrap, runtime_client, snapshot_restore_py
import perdure, perdure_runtime.host, perdure_bootstrap.native_api

def handler(event, context):
    with open("/proc/self/maps") as maps:
        mapped = {line.split(None, 5)[5].strip() for line in maps if line.count("/")}
    modules = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    return {"modules": modules, "mapped": sorted(mapped)}
"""

BOTO3 = """
import boto3, botocore, dateutil, s3transfer, six, sys, urllib3

def handler(event, context):
    client = boto3.client("lambda", region_name="eu-west-1")
    return {"origins": [module.__file__ for module in (boto3, botocore, dateutil, s3transfer, six, urllib3)],
            "path": sys.path, "endpoint": client.meta.endpoint_url}
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    return built(tmp_path_factory)


@pytest.fixture(scope="module")
def opt(dist, tmp_path_factory):
    """The layer for OS-only runtimes."""
    folder = tmp_path_factory.mktemp("opt")
    unpack(dist / OS_ONLY, folder)
    return folder


@pytest.fixture(scope="module")
def opt_with_boto3(dist, tmp_path_factory):
    """The same, and the optional layer."""
    folder = tmp_path_factory.mktemp("opt")
    unpack(dist / OS_ONLY, folder)
    unpack(dist / WITH_BOTO3, folder)
    return folder


@pytest.fixture(scope="module")
def wrapper(dist, tmp_path_factory):
    """The wrapper of the layer for managed runtimes."""
    folder = tmp_path_factory.mktemp("opt")
    unpack(dist / MANAGED, folder)
    return folder / "perdure" / "wrapper"


@pytest.fixture
def task_root(tmp_path):
    root = tmp_path / "task"
    root.mkdir()
    (root / "app.py").write_text(APP)
    return root


def bring(task_root, name):
    """Put a library of this environment into a function's bundle."""
    for file in importlib.metadata.distribution(name).files:
        if ".." not in file.parts and file.suffix != ".pyc":
            (task_root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), task_root / file)


def test_unpacked_layer_serves_a_function_with_its_own_interpreter(opt, task_root):
    answer = answered(*serve([opt / "bootstrap"], task_root, {"n": 1}))
    assert answer["event"] == {"n": 1}
    assert Path(answer["executable"]).is_relative_to(opt)
    assert all(Path(origin).is_relative_to(opt / "perdure" / "lib") for origin in answer["origins"])


def test_unpacked_layer_serves_a_durable_function(opt, task_root):
    (task_root / "app.py").write_text(DURABLE)
    service = LedgerService('{"n": 1}')
    answer = answered(*serve([opt / "bootstrap"], task_root, json.loads(service.begin()), **AWAY))
    assert answer == {"Status": "SUCCEEDED", "Result": "2"}


def test_unpacked_layer_starts_from_its_packs(opt, task_root):
    (task_root / "app.py").write_text(PACKED)
    service = LedgerService('{"n": 1}')
    answer = answered(*serve([opt / "bootstrap"], task_root, json.loads(service.begin()), **AWAY))
    assert json.loads(answer["Result"]) == ["SourceFileLoader"] * 2  # by itself each is loaded by our finder's


def test_nothing_of_the_layer_is_on_the_functions_path(opt, task_root):
    path = answered(*serve([opt / "bootstrap"], task_root, {}))["path"]
    assert path[0] == str(task_root)
    assert not [entry for entry in path if Path(entry).is_relative_to(opt / "perdure" / "boot")]
    assert not [entry for entry in path if Path(entry).is_relative_to(opt / "perdure" / "lib")]


def test_nothing_is_imported_from_outside_the_layer_and_the_function(opt, task_root):
    (task_root / "app.py").write_text(CLOSURE)
    answer = answered(*serve([opt / "bootstrap"], task_root, {}))
    inside = {name: file for name, file in answer["modules"].items() if file is not None}
    assert {"greenlet", "runtime_client", "_sqlite3", "_ssl", "perdure_runtime.host"} <= inside.keys()
    assert {
        name: file for name, file in inside.items() if not any(Path(file).is_relative_to(at) for at in (opt, task_root))
    } == {}
    outside = {Path(file).name for file in answer["mapped"] if not Path(file).is_relative_to(opt)}
    libraries = {name for name in outside if ".so" in name}
    natives = {path.name for path in (opt / "perdure" / "native").glob("*.so*")}
    versioned = {name for name in libraries if any(name.startswith(native) for native in natives)}
    assert {name for name in libraries - versioned if not C_LIBRARY.fullmatch(name)} == set()


def test_old_library_in_the_bundle_gives_way_to_the_layers_with_a_warning(opt, task_root):
    (task_root / "orjson").mkdir()
    (task_root / "orjson" / "__init__.py").write_text("raise ImportError('the wrong one')")
    (task_root / "orjson-3.0.0.dist-info").mkdir()
    record, output = serve([opt / "bootstrap"], task_root, {})
    assert Path(answered(record, output)["origins"][0]).is_relative_to(opt)
    assert output.count("orjson 3.0.0") == 1


def test_layer_for_boto3_serves_it_whole_and_off_the_path(opt_with_boto3, task_root):
    (task_root / "app.py").write_text(BOTO3)
    record, output = serve([opt_with_boto3 / "bootstrap"], task_root, {})
    answer = answered(record, output)
    home = opt_with_boto3 / "perdure" / "boto3" / "lib"
    assert [origin for origin in answer["origins"] if not Path(origin).is_relative_to(home)] == []
    assert [entry for entry in answer["path"] if Path(entry).is_relative_to(home.parent)] == []
    assert answer["endpoint"] == "https://lambda.eu-west-1.amazonaws.com"
    assert output == ""


def test_without_its_layer_there_is_no_boto3(opt, task_root):
    (task_root / "app.py").write_text(BOTO3)
    record, _ = serve([opt / "bootstrap"], task_root, {})
    assert (record.call, json.loads(record.body)["errorType"]) == ("init", "Runtime.ImportModuleError")


def test_wrapper_starts_the_loop_with_the_managed_interpreter_and_ignores_the_stock_script(wrapper, task_root):
    answer = answered(*serve([wrapper, sys.executable, "/var/runtime/bootstrap.py"], task_root, {}))
    assert answer["executable"] == sys.executable
    assert all(Path(origin).is_relative_to(wrapper.parent / PYTHON) for origin in answer["origins"][1:])


def test_bundle_keeps_its_libraries_under_the_wrapper_but_not_its_copy_of_ours(wrapper, task_root):
    bring(task_root, "orjson")
    for name in ("perdure", "perdure_runtime"):
        (task_root / name).mkdir()
        (task_root / name / "__init__.py").write_text("raise ImportError('a stale copy')")
    record, output = serve([wrapper, sys.executable, "ignored"], task_root, {})
    orjson, *ours = answered(record, output)["origins"]
    assert Path(orjson).is_relative_to(task_root)
    assert all(Path(origin).is_relative_to(wrapper.parent / PYTHON) for origin in ours)
    assert output == ""


@pytest.mark.parametrize("layer", ["managed", "os-only"])
def test_several_invocations_at_once_are_left_to_awslambdaric_with_one_line(wrapper, opt, task_root, layer, tmp_path):
    command = [wrapper, sys.executable, "ignored"] if layer == "managed" else [opt / "bootstrap"]
    environ = {"AWS_LAMBDA_MAX_CONCURRENCY": "2", "AWS_LAMBDA_LOG_FORMAT": "JSON"}
    environ |= FUNCTION | {"LAMBDA_TASK_ROOT": str(task_root), "_HANDLER": "app.handler"}
    with ScriptedRuntimeApi([Delivery(b'{"n": 1}')]) as api, (tmp_path / "output").open("w+") as output:
        environ["AWS_LAMBDA_RUNTIME_API"] = api.address
        # It forks, so there is a group of processes to end, and each of them would hold a pipe open.
        running = subprocess.Popen(
            command, cwd=task_root, env=environ, stdout=output, stderr=output, start_new_session=True
        )
        try:
            while (record := api.take()).call == "next":
                pass
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        output.seek(0)
        text = output.read()
    answer = answered(record, text)
    private = wrapper.parent / PYTHON if layer == "managed" else opt / "perdure" / "lib"
    assert answer["event"] == {"n": 1}
    assert all(Path(origin).is_relative_to(private) for origin in answer["origins"][1:])
    (line,) = (json.loads(line) for line in text.splitlines() if "AWS_LAMBDA_MAX_CONCURRENCY" in line)
    assert line["level"] == "WARNING"


def vendors(tmp_path, *lines):
    vendor = tmp_path / "vendor"
    vendor.write_text("\n".join(["#!/bin/sh", *lines, 'exec "$@"', ""]))
    vendor.chmod(0o755)
    return str(vendor)


def test_wrapper_hands_over_to_a_vendors(wrapper, task_root, tmp_path):
    vendor = vendors(tmp_path, "echo vendor wraps")
    record, output = serve([wrapper, sys.executable, "ignored"], task_root, {}, PERDURE_CHAIN=vendor)
    answered(record, output)
    assert "vendor wraps" in output


def test_handler_is_the_one_that_a_vendors_wrapper_has_put_in_place(wrapper, task_root, tmp_path):
    (task_root / "vendors.py").write_text(
        "import app\ndef handler(event, context):\n    return app.handler(event, context) | {'wrapped': True}\n"
    )
    vendor = vendors(tmp_path, "export _HANDLER=vendors.handler")
    record, output = serve([wrapper, sys.executable, "ignored"], task_root, {}, PERDURE_CHAIN=vendor)
    assert answered(record, output)["wrapped"] is True


def test_chained_wrapper_that_is_no_program_ends_the_start_and_says_what_to_do(wrapper, tmp_path):
    environ = {"PERDURE_CHAIN": str(tmp_path / "nothing")}
    done = subprocess.run([wrapper, "python", "ignored"], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 126
    assert "PERDURE_CHAIN" in done.stdout

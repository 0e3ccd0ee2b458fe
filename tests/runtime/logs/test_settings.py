from __future__ import annotations

import io

import pytest

from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.scope import LogScope
from perdure_runtime.logs.settings import INVOCATION, SETTINGS, begin_invocation, configure, configure_once


@pytest.mark.parametrize(
    ("form", "as_json"), [("JSON", True), ("json", True), ("Text", False), ("", False), ("x", False)]
)
def test_format_is_json_only_where_it_says_so(form, as_json):
    configure({"AWS_LAMBDA_LOG_FORMAT": form})
    assert SETTINGS.as_json is as_json


def test_empty_environment_means_text_at_info_without_replays():
    configure({})
    assert (SETTINGS.as_json, SETTINGS.level, SETTINGS.named_level, SETTINGS.show_replays) == (False, 20, None, False)


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_replays_are_shown_by_any_yes(value):
    configure({"PERDURE_LOG_REPLAYS": value})
    assert SETTINGS.show_replays


@pytest.mark.parametrize("value", ["", "0", "false", "no", "off"])
def test_replays_are_not_shown_by_anything_else(value):
    configure({"PERDURE_LOG_REPLAYS": value})
    assert not SETTINGS.show_replays


@pytest.mark.parametrize("value", ["", "none", "-1", "62x"])
def test_telemetry_descriptor_that_is_none_is_ignored(value):
    configure({"_LAMBDA_TELEMETRY_LOG_FD": value})
    assert SETTINGS.telemetry_fd is None


def test_second_host_leaves_what_the_first_one_configured():
    stream = io.StringIO()
    configure({"AWS_LAMBDA_LOG_FORMAT": "JSON"}, stream=stream)
    configure_once({"AWS_LAMBDA_LOG_FORMAT": "Text"})
    DurableLogger(LogScope("arn")).info("hello")
    assert stream.getvalue().startswith("{")


def test_only_host_configures():
    configure_once({"AWS_LAMBDA_LOG_FORMAT": "JSON"})
    assert SETTINGS.as_json


def test_invocation_replaces_the_one_before():
    begin_invocation("rid-1", "tenant")
    begin_invocation("rid-2")
    assert (INVOCATION.request_id, INVOCATION.tenant_id) == ("rid-2", None)

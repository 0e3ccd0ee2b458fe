"""What a worker's process finds in its environment.

Nothing is inherited but a short list and what the user names, so that a handler sees what it would see on Lambda and no
secret of the developer's shell. Ours is set last and always, the endpoint and made-up credentials above all: a local
run can never checkpoint to AWS. Who names one of those is told so, not passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from perdure_local.functions import LATEST, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure_local.functions import Function

INHERITED = frozenset(
    {
        "PATH",
        "HOME",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "TEMP",
        "TMP",
        "VIRTUAL_ENV",
        "SYSTEMROOT",
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONUTF8",
        "PYTHONIOENCODING",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPYCACHEPREFIX",
        "PYTHONHASHSEED",
        "COVERAGE_PROCESS_START",
    }
)
"""Names every worker takes over."""
INHERITED_PREFIX = "LC_"


class Place(NamedTuple):
    """Where a worker is."""

    endpoint: str
    runtime_api: str
    stream: str


OURS: Mapping[str, Callable[[Function, Place], str]] = {
    "AWS_LAMBDA_RUNTIME_API": lambda _, place: place.runtime_api,
    "AWS_ENDPOINT_URL": lambda _, place: place.endpoint,
    "AWS_ENDPOINT_URL_LAMBDA": lambda _, place: place.endpoint,
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": lambda *_: "false",
    "AWS_ACCESS_KEY_ID": lambda *_: "local",
    "AWS_SECRET_ACCESS_KEY": lambda *_: "local",
    "AWS_SESSION_TOKEN": lambda *_: "local",
    "AWS_REGION": lambda *_: REGION,
    "AWS_DEFAULT_REGION": lambda *_: REGION,
    "AWS_EC2_METADATA_DISABLED": lambda *_: "true",
    "_HANDLER": lambda function, _: function.handler,
    "LAMBDA_TASK_ROOT": lambda function, _: function.task_root,
    "AWS_LAMBDA_FUNCTION_NAME": lambda function, _: function.name,
    "AWS_LAMBDA_FUNCTION_VERSION": lambda *_: LATEST,
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": lambda function, _: str(function.memory),
    "AWS_LAMBDA_LOG_GROUP_NAME": lambda function, _: f"/aws/lambda/{function.name}",
    "AWS_LAMBDA_LOG_STREAM_NAME": lambda _, place: place.stream,
    "AWS_LAMBDA_INITIALIZATION_TYPE": lambda *_: "on-demand",
}
"""Variables that a function cannot have otherwise: `Function` refuses them by name."""


def worker_environment(
    function: Function, environ: Mapping[str, str], *, endpoint: str, runtime_api: str, stream: str
) -> dict[str, str]:
    """Return the whole environment of a worker of `function`."""
    allowed = INHERITED | set(function.inherit)
    taken = {name: value for name, value in environ.items() if name in allowed or name.startswith(INHERITED_PREFIX)}
    chosen = {"AWS_LAMBDA_LOG_FORMAT": function.log_format} if function.log_format else {}
    place = Place(endpoint, runtime_api, stream)
    ours = {name: value(function, place) for name, value in OURS.items()}
    return {**taken, "PYTHONUNBUFFERED": "1", **chosen, **function.env, **ours}

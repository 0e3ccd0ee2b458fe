"""What a worker's process finds in its environment.

Nothing is inherited but a short list and what the user names, so that a handler sees what it would see on Lambda and no
secret of the developer's shell. Ours is set last and always, the endpoint and made-up credentials above all: a local
run can never checkpoint to AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_local.functions import LATEST, REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def worker_environment(
    function: Function, environ: Mapping[str, str], *, endpoint: str, runtime_api: str, stream: str
) -> dict[str, str]:
    """Return the whole environment of a worker of `function`."""
    allowed = INHERITED | set(function.inherit)
    taken = {name: value for name, value in environ.items() if name in allowed or name.startswith(INHERITED_PREFIX)}
    chosen = {"AWS_LAMBDA_LOG_FORMAT": function.log_format} if function.log_format else {}
    return {
        **taken,
        "PYTHONUNBUFFERED": "1",
        **chosen,
        **function.env,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_LAMBDA": endpoint,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": function.task_root,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": LATEST,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    }

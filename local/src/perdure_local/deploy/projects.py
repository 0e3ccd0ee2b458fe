"""A new project: a durable function, a test of it on the local service, and what deploys it.

The texts are short on purpose, as they become somebody's own. The template is the one that `perdure template` writes
for the same function.
"""

from __future__ import annotations

import re
from string import Template
from typing import TYPE_CHECKING

from perdure_local.deploy.templates import Deployment, Form, template

if TYPE_CHECKING:
    from collections.abc import Mapping

HANDLER = "order.checkout"
CODE = "src/"
DAY = 86_400
_LONGEST_STACK = 128

_WORKFLOW = '''\
"""An order: goods are reserved, paid for, and sent when the carrier has come."""

from dataclasses import dataclass
from datetime import timedelta

from perdure import Context, Retry, current_step, durable, step


@dataclass(frozen=True)
class Order:
    id: str
    card: str
    cents: int
    items: list[str]


def reserve(items: list[str]) -> str:
    return "shelf:" + ",".join(items)


@step(once=True)  # after a crash halfway, the card is not charged again
def pay(card: str, cents: int) -> str:
    return f"{card}:{cents}:{current_step().idempotency_key[:8]}"


@step(retry=Retry.exponential(attempts=5, first=2))
def label(reservation: str) -> str:
    return f"label for {reservation}"


@durable(timeout=timedelta(days=7), retention=timedelta(days=30))
def checkout(order: Order, ctx: Context) -> dict[str, str]:
    reservation = ctx.step(reserve, order.items)
    payment = ctx.step(pay, order.card, order.cents)
    ctx.wait(hours=2, name="carrier pickup")  # nothing runs meanwhile
    return {"payment": payment, "label": ctx.step(label, reservation)}
'''

_TEST = '''\
"""The workflow on the local service: a real worker runs it, and waits pass at once."""

import json
from pathlib import Path

from perdure_local import ExecutionStatus, LocalService

from order import reserve

ROOT = Path(__file__).parents[1]


def test_an_order_is_paid_and_labelled():
    event = (ROOT / "event.json").read_bytes()
    with LocalService(skip_time=True) as service:
        service.add_function("checkout", "order.checkout", task_root=ROOT / "src")
        summary = service.wait(service.start("checkout", event))
    assert summary.status is ExecutionStatus.SUCCEEDED, summary.error
    result = json.loads(summary.result)
    assert result["label"] == "label for shelf:teapot,cup"
    assert result["payment"].startswith("card-4242:950:")
    assert summary.invocations == 2  # one before the wait, one after it


def test_a_step_is_an_ordinary_function():
    assert reserve(["teapot", "cup"]) == "shelf:teapot,cup"
'''

_EVENT = """\
{"id": "A-1", "card": "card-4242", "cents": 950, "items": ["teapot", "cup"]}
"""

_README = """\
# %name

A durable function: `src/order.py`. It needs Python 3.11 or newer and the packages `perdure-local` and `pytest`.

Here, without an AWS account:

```sh
python -m pytest
perdure run order.checkout --root src --input @event.json --skip-time
```

On AWS, with the SAM CLI and your credentials:

```sh
%commands
```

%note

It is invoked by its alias, which the stack's output names:

```sh
aws lambda invoke --function-name ARN --invocation-type Event --cli-binary-format raw-in-base64-out \\
  --payload file://event.json answer.json
```

What your code imports besides `perdure` goes into `src/requirements.txt`. When the function's timeout or retention has
changed, or what it invokes, write the template anew:

```sh
perdure template order.checkout --root src %options -o template.yaml
```
"""

_SETTINGS = """\
[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["src"]
"""

_REQUIREMENTS = """\
# What your code imports besides perdure, which is there already.
"""

_SAM = """\
version = 0.1

[default.deploy.parameters]
stack_name = "%stack"
capabilities = "CAPABILITY_IAM"
resolve_s3 = true
"""
_SAM_IMAGES = """\
resolve_image_repos = true
"""

_IGNORED = """\
.aws-sam/
.perdure/
.pytest_cache/
__pycache__/
dist/
"""

_DOCKERFILE = """\
# The function as a container image. perdure layer build comes first: it stages what is copied here.
ARG BASE_IMAGE=public.ecr.aws/lambda/provided:al2023
ARG BUILD_IMAGE=public.ecr.aws/lambda/python:%python

FROM ${BUILD_IMAGE} AS packages
COPY src/requirements.txt ./
RUN mkdir /packages && pip install --no-cache-dir --requirement requirements.txt --target /packages

FROM ${BASE_IMAGE}
COPY dist/layer/ /opt/
RUN test ! -e /opt/perdure/TEST-ONLY || { cat /opt/perdure/TEST-ONLY >&2; exit 1; }
# Where the base image's entry point looks, and Lambda's own runtimes.
RUN printf '#!/bin/sh\\nexec /opt/bootstrap\\n' > /var/runtime/bootstrap && chmod 0755 /var/runtime/bootstrap
COPY --from=packages /packages/ /var/task/
COPY src/ /var/task/
CMD ["order.checkout"]
"""

_DOCKERIGNORE = """\
*
!dist/layer
!src
"""

_STANDALONE = "perdure layer build --archive PYTHON.tar.gz --sha256 CHECKSUM --libraries FOLDER"
_BUILDS: Mapping[Form, str] = {
    Form.WRAPPER: "perdure layer build",
    Form.LAYER: _STANDALONE,
    Form.IMAGE: _STANDALONE,
}
"""What makes the layer of a form."""
_ARCHIVE_NOTE = """\
PYTHON.tar.gz is a standalone build of Python %python, the version that has to build the layer, too. FOLDER holds Amazon
Linux's libstdc++ and libgcc_s."""
_NOTES: Mapping[Form, str] = {
    Form.WRAPPER: "The layer has to be built by Python %python, the version of the function's runtime.",
    Form.LAYER: _ARCHIVE_NOTE,
    Form.IMAGE: _ARCHIVE_NOTE,
}


class _Text(Template):
    """A text with places of its own: `$` is the shell's and Docker's."""

    delimiter = "%"


def deployment(form: Form, python: str, architecture: str) -> Deployment:
    """Return what there is to say of the project's function; its decorator says the same."""
    return Deployment(
        handler=HANDLER,
        form=form,
        python=python,
        architecture=architecture,
        code=CODE,
        timeout=7 * DAY,
        retention=30,
    )


def commands(form: Form) -> tuple[str, str, str]:
    """Return the commands that deploy a project, to be given in its folder."""
    return _BUILDS[form], "sam build", "sam deploy"


def note(described: Deployment) -> str:
    """Return what has to be known about those commands."""
    return _Text(_NOTES[described.form]).substitute(python=described.python)


def stack_name(name: str) -> str:
    """Return a name in the letters that CloudFormation allows a stack's; raises ValueError where none of it is left."""
    stack = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:_LONGEST_STACK]
    if not re.match(r"[A-Za-z]", stack):
        raise ValueError(f"a stack's name begins with a letter, and {name!r} does not")
    return stack


def project(name: str, described: Deployment) -> dict[str, str]:
    """Return the files of a project, by the place of each."""
    form = described.form
    options = f"--form {form} --python {described.python} --architecture {described.architecture}"
    words = {
        "name": name,
        "stack": stack_name(name),
        "commands": "\n".join(commands(form)),
        "options": options,
        "note": note(described),
        "python": described.python,
    }
    is_image = form is Form.IMAGE
    files = {
        "src/order.py": _WORKFLOW,
        "src/requirements.txt": _REQUIREMENTS,
        "tests/test_order.py": _TEST,
        "event.json": _EVENT,
        "pyproject.toml": _SETTINGS,
        "template.yaml": template(described),
        "samconfig.toml": _Text(_SAM).substitute(words) + (_SAM_IMAGES if is_image else ""),
        "README.md": _Text(_README).substitute(words),
        ".gitignore": _IGNORED,
    }
    return files | (
        {"Dockerfile": _Text(_DOCKERFILE).substitute(words), ".dockerignore": _DOCKERIGNORE} if is_image else {}
    )

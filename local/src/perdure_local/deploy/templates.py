"""The SAM template of one durable function, in one of three forms.

What Lambda needs of a durable function is the same in each: `DurableConfig`, an alias (it is only ever invoked by a
qualified name), a role that may checkpoint its own executions and no others, JSON logs, X-Ray. The forms differ in
where Perdure and its Python come from. The role is written out, because the managed policy that SAM would attach allows
checkpoints for every function of the account.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MANAGED = ("3.13", "3.14")
"""Versions of Python with a Lambda runtime of their own that has durable functions."""
TIMEOUT = 86_400
RETENTION = 14
"""What `DurableConfig` says where the decorator says nothing: a day, and 14 days."""
WRAPPER = "/opt/perdure/wrapper"


class Form(StrEnum):
    """Where Perdure and its Python come from."""

    WRAPPER = "wrapper"
    """A layer beside Lambda's own Python, whose loop ours takes the place of."""
    LAYER = "layer"
    """A layer that brings Python, for the OS-only runtime."""
    IMAGE = "image"
    """A container image."""


LAYERS: Mapping[Form, str] = {Form.WRAPPER: "dist/perdure-managed.zip", Form.LAYER: "dist/perdure.zip"}
"""Where `perdure layer build` leaves what a form needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """All that a template depends on."""

    handler: str
    form: Form
    python: str
    """The version, as `3.13`."""
    architecture: str
    code: str = "src/"
    """The folder with the code, as seen from the template."""
    layer: str | None = None
    """A zip, as seen from the template, or the ARN of a layer's version; the form's own zip without it."""
    timeout: int | None = None
    retention: int | None = None
    invokes: tuple[str, ...] = ()
    """Functions that the workflow invokes: by name, `name:qualifier`, or ARN."""

    @property
    def resource(self) -> str:
        """The function's name in the template: `order.check_out` is `CheckOut`."""
        words = re.findall(r"[A-Za-z0-9]+", self.handler.rpartition(".")[2])
        return "".join(word[0].upper() + word[1:] for word in words) or "Workflow"


class _Text(Template):
    """A text with places of its own: `$` is CloudFormation's."""

    delimiter = "%"


_HEAD = """\
# How %handler is deployed: sam build, then sam deploy. It was written by perdure template, and is yours to change.
#
# A durable function is always invoked with a qualifier, hence the alias. An execution stays on the version that started
# it, so keep old versions while their executions run.

AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: The durable function %handler

Resources:
"""

_LAYER = """\
  PerdureLayer:
    Type: AWS::Serverless::LayerVersion
    Properties:
      LayerName: !Sub ${AWS::StackName}-perdure
      Description: Perdure, made by perdure layer build
      ContentUri: %layer
      CompatibleRuntimes: [%runtime]
      CompatibleArchitectures: [%architecture]
      LicenseInfo: Apache-2.0
      RetentionPolicy: Retain

"""

_FORMS: Mapping[Form, str] = {
    Form.WRAPPER: """\
  %resource:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: %runtime
      Handler: %handler
      CodeUri: %code
      Layers: [%attached]
      Environment:
        Variables:
          AWS_LAMBDA_EXEC_WRAPPER: %wrapper
""",
    Form.LAYER: """\
  %resource:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: python%python # what requirements.txt names is installed for the layer's Python
    Properties:
      Runtime: %runtime
      Handler: %handler
      CodeUri: %code
      Layers: [%attached]
""",
    Form.IMAGE: """\
  %resource:
    Type: AWS::Serverless::Function
    Metadata:
      Dockerfile: Dockerfile
      DockerContext: .
      DockerTag: %tag
    Properties:
      PackageType: Image
      ImageConfig:
        Command: [%handler]
""",
}

_SHARED = """\
      Architectures: [%architecture]
      MemorySize: 512
      Timeout: 60 # seconds that one invocation may take; the execution has a limit of its own
      Tracing: Active
      AutoPublishAlias: live
      AutoPublishAliasAllProperties: true # a new layer, or another limit, is a new version too
      DurableConfig:
        ExecutionTimeout: %timeout # seconds that an execution may take, its waits included
        RetentionPeriodInDays: %retention
      LoggingConfig:
        LogFormat: JSON
        ApplicationLogLevel: INFO
        SystemLogLevel: INFO
        LogGroup: !Ref %{resource}Logs
      Role: !GetAtt %{resource}Role.Arn

  %{resource}Logs:
    Type: AWS::Logs::LogGroup
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      LogGroupName: !Sub /aws/lambda/${AWS::StackName}-%resource
      RetentionInDays: 30

  %{resource}Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              Service: lambda.amazonaws.com
            Action: sts:AssumeRole

  %{resource}Policy: # by itself, so that it can name the function that has the role
    Type: AWS::IAM::RolePolicy
    Properties:
      PolicyName: durable
      RoleName: !Ref %{resource}Role
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: [lambda:CheckpointDurableExecution, lambda:GetDurableExecutionState]
            Resource: !Sub ${%{resource}.Arn}:* # its own executions, of every version
          - Effect: Allow
            Action: [logs:CreateLogStream, logs:PutLogEvents]
            Resource: !GetAtt %{resource}Logs.Arn
          - Effect: Allow
            Action: [xray:PutTraceSegments, xray:PutTelemetryRecords]
            Resource: "*" # traces have no ARN
"""

_INVOKES = """\
          - Effect: Allow
            Action: lambda:InvokeFunction
            Resource:
"""

_OUTPUTS = """
Outputs:
  %{resource}Arn:
    Description: What to invoke; the alias is part of it
    Value: !Ref %resource.Alias
"""


def template(deployment: Deployment) -> str:
    """Return the template."""
    form = deployment.form
    layer = deployment.layer or LAYERS.get(form, "")
    is_published = layer.startswith("arn:")
    words = {
        "handler": _scalar(deployment.handler),
        "resource": deployment.resource,
        "runtime": "provided.al2023" if form is Form.LAYER else f"python{deployment.python}",
        "python": deployment.python,
        "architecture": deployment.architecture,
        "code": _scalar(deployment.code),
        "layer": _scalar(layer),
        "attached": _scalar(layer) if is_published else "!Ref PerdureLayer",
        "wrapper": WRAPPER,
        "tag": deployment.resource.lower(),
        "timeout": TIMEOUT if deployment.timeout is None else deployment.timeout,
        "retention": RETENTION if deployment.retention is None else deployment.retention,
    }
    brings_layer = form in LAYERS and not is_published
    text = "".join([_HEAD, _LAYER if brings_layer else "", _FORMS[form], _SHARED])
    targets = [f"              - {target}\n" for name in deployment.invokes for target in _targets(name)]
    permits = [_INVOKES, *targets] if targets else []
    return "".join([_Text(text).substitute(words), *permits, _Text(_OUTPUTS).substitute(words)])


def _targets(name: str) -> Iterator[str]:
    """Yield what a role has to be allowed, for a workflow to invoke a function by this name."""
    whole = name if name.startswith("arn:") else _THIS_ACCOUNT + name.rpartition("function:")[2]
    yield _quoted(whole)
    if ":" not in whole.partition(":function:")[2]:
        yield _quoted(f"{whole}:*")  # a durable one has to be invoked by a version or an alias


_THIS_ACCOUNT = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"


def _quoted(arn: str) -> str:
    return f"!Sub {arn}" if "${" in arn else _scalar(arn)


def _scalar(text: str) -> str:
    """Return a string as YAML, quoted where it has to be."""
    is_plain = re.fullmatch(r"[A-Za-z_./][\w./-]*(:[\w./*$-]+)*", text, re.ASCII) and text.lower() not in _RESERVED
    return text if is_plain else json.dumps(text)


_RESERVED = frozenset({".", "~", "null", "true", "false", "yes", "no", "on", "off"})

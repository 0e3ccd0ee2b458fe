"""What a function needs to be deployed: templates, projects, layers. Pure but for reading what is handed to it."""

from perdure_local.deploy.invokes import ADDRESS, Invokes, find_invokes
from perdure_local.deploy.layers import LayerRefused, PublishableLayer, publish_layer, read_layer
from perdure_local.deploy.projects import commands, deployment, note, project, stack_name
from perdure_local.deploy.templates import Deployment, Form, template

__all__ = [
    "ADDRESS",
    "Deployment",
    "Form",
    "Invokes",
    "LayerRefused",
    "PublishableLayer",
    "commands",
    "deployment",
    "find_invokes",
    "note",
    "project",
    "publish_layer",
    "read_layer",
    "stack_name",
    "template",
]

import platform
from importlib.metadata import version

import pytest

from perdure import __version__
from perdure_runtime.service.agent import user_agent


def test_the_version_is_the_distributions():
    assert version("perdure-runtime") == __version__


@pytest.mark.parametrize(
    ("environ", "ending"),
    [
        ({}, ""),
        ({"AWS_EXECUTION_ENV": ""}, ""),
        ({"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}, " exec-env/AWS_Lambda_python3.13"),
        ({"AWS_EXECUTION_ENV": "a b/c\r\nX: é"}, " exec-env/a-b-c--X---"),
    ],
)
def test_the_agent_names_client_interpreter_and_environment(environ, ending):
    assert user_agent(environ) == f"perdure/{__version__} lang/python#{platform.python_version()}{ending}"

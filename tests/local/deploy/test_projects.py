from __future__ import annotations

import tomllib

import pytest

from perdure_local.deploy import Form, commands, deployment, note, project, stack_name


@pytest.mark.parametrize(
    ("name", "stack"), [("shop", "shop"), ("my_shop", "my-shop"), ("Shop 2", "Shop-2"), ("a" * 200, "a" * 128)]
)
def test_a_stack_has_the_projects_name_as_far_as_it_may(name: str, stack: str) -> None:
    assert stack_name(name) == stack
    settings = tomllib.loads(project(name, deployment(Form.LAYER, "3.13", "arm64"))["samconfig.toml"])
    assert settings["default"]["deploy"]["parameters"]["stack_name"] == stack


@pytest.mark.parametrize("name", ["2shops", "_", "", "é"])
def test_a_stack_needs_a_letter_to_begin_with(name: str) -> None:
    with pytest.raises(ValueError, match="begins with a letter"):
        stack_name(name)


@pytest.mark.parametrize("form", list(Form))
def test_the_readme_has_the_commands_that_are_printed(form: Form) -> None:
    described = deployment(form, "3.14", "arm64")
    readme = project("shop", described)["README.md"]
    assert "\n".join(("```sh", *commands(form), "```")) in readme
    assert note(described) in readme
    assert f"--form {form} --python 3.14 --architecture arm64" in readme


def test_an_image_gets_a_dockerfile_and_others_none() -> None:
    added = {
        form: {name for name in project("shop", deployment(form, "3.13", "arm64")) if "ocker" in name} for form in Form
    }
    assert added == {Form.WRAPPER: set(), Form.LAYER: set(), Form.IMAGE: {"Dockerfile", ".dockerignore"}}


def test_an_image_copies_what_its_build_sees() -> None:
    files = project("shop", deployment(Form.IMAGE, "3.13", "arm64"))
    seen = [line.removeprefix("!") for line in files[".dockerignore"].splitlines() if line.startswith("!")]
    copied = [
        line.split()[1] for line in files["Dockerfile"].splitlines() if line.startswith("COPY ") and "--" not in line
    ]
    assert all(place.startswith(tuple(seen)) for place in copied)
    settings = tomllib.loads(files["samconfig.toml"])
    assert settings["default"]["deploy"]["parameters"]["resolve_image_repos"] is True

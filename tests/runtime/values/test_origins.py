import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from perdure import InvokeError, OperationError, SerdesError, StepInterrupted
from perdure_runtime.values.origins import Origins, class_of, wire_name

HERE = str(Path(__file__).parent)
OURS = Origins(HERE)
ELSEWHERE = Origins("/nowhere")


class Declined(Exception):
    class Soft(Exception):
        pass


class Stop(BaseException):
    pass


class Meta(type):
    def __getattribute__(cls, name: str) -> object:
        raise AssertionError("a metaclass was asked for something")


class Guarded(metaclass=Meta):
    class Inner(Exception):
        pass


class Trap(Exception):
    pass


Alias = Declined
Borrowed = InvokeError
function = print
Shadowed = "not a class"
MODULE = __name__


def full(name: str) -> str:
    return f"{MODULE}.{name}"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ValueError, "ValueError"),
        (StepInterrupted, "perdure.StepInterrupted"),
        (Declined, full("Declined")),
        (Declined.Soft, full("Declined.Soft")),
        (os.error, "OSError"),
    ],
)
def test_wire_name(kind: Any, name: Any) -> None:
    assert wire_name(kind) == name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ValueError", ValueError),
        ("KeyError", KeyError),
        ("perdure.StepInterrupted", StepInterrupted),
        ("perdure.InvokeError", InvokeError),
        ("aws_durable_execution_sdk_python.exceptions.StepInterruptedError", StepInterrupted),
        ("aws_durable_execution_sdk_python.exceptions.SerDesError", SerdesError),
        (full("Declined"), Declined),
        (full("Declined.Soft"), Declined.Soft),
        # Neither a class, nor an Exception, nor there at all.
        ("eval", None),
        ("SystemExit", None),
        ("KeyboardInterrupt", None),
        ("int", None),
        ("NoSuchError", None),
        ("", None),
        (".", None),
        (".ValueError", None),
        ("ValueError.", None),
        ("builtins.ValueError", None),
        ("builtins.eval", None),
        ("builtins.SystemExit", None),
        ("os.system", None),
        ("os.error", None),
        ("json.decoder.JSONDecodeError", None),
        ("nosuchmodule.Error", None),
        ("perdure.HandlerRefused", None),
        ("perdure.errors.StepError", None),
        ("perdure.Nothing", None),
        (full("Stop"), None),
        (full("Shadowed"), None),
        (full("Shadowed.upper"), None),
        (full("function"), None),
        (full("Declined.__init__"), None),
        (full("Declined.__class__"), None),
        (full("Declined.Soft.nothing"), None),
        (full("Nothing"), None),
        (full("test_wire_name.<locals>.X"), None),
        # Known under another name, or owned by another module.
        (full("Alias"), None),
        (full("Borrowed"), None),
        ("a." * 400 + "b", None),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_name_chooses_a_class_only_where_it_may(name: Any, kind: Any) -> None:
    assert class_of(name, OURS) is kind


def test_nested_class_is_found_past_a_metaclass() -> None:
    assert class_of(full("Guarded.Inner"), OURS) is vars(sys.modules[MODULE])["Inner"]


Inner = type.__getattribute__(Guarded, "__dict__")["Inner"]


def test_class_outside_the_task_root_needs_to_be_named() -> None:
    class Local(Exception):
        pass

    assert class_of(full("Declined"), ELSEWHERE) is None
    assert class_of(full("Declined"), Origins("")) is None
    assert class_of(full("Declined"), Origins(HERE[:-1])) is None  # a folder whose name only begins alike
    assert class_of(full("Declined"), Origins("/nowhere", (Declined,))) is Declined
    assert class_of(wire_name(Local), Origins("/nowhere", (Declined, Local))) is Local
    assert class_of(full("Declined.Soft"), Origins("/nowhere", (Declined,))) is None


def test_root_folder_holds_everything() -> None:
    assert class_of(full("Declined"), Origins("/")) is Declined


def test_task_root_may_be_a_link(tmp_path: Any) -> None:
    link = tmp_path / "task"
    link.symlink_to(HERE)
    assert class_of(full("Declined"), Origins(str(link))) is Declined


class Lazy(types.ModuleType):
    def __getattribute__(self, name: str) -> Any:
        if name == "__dict__":
            raise AssertionError("a lazy module was asked for what is in it")
        return super().__getattribute__(name)


@pytest.mark.parametrize(
    "module", [Lazy("lazy"), types.ModuleType("plain"), object(), None], ids=["lazy", "no file", "object", "None"]
)
def test_what_is_no_ordinary_module_with_a_file_is_left_alone(module: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "perdure_test_module", module)
    assert class_of("perdure_test_module.Error", OURS) is None


def test_nothing_is_imported() -> None:
    assert "tabnanny" not in sys.modules
    assert class_of("tabnanny.NannyNag", Origins("/")) is None
    assert "tabnanny" not in sys.modules


def test_fallback_classes_are_all_operation_errors() -> None:
    assert issubclass(InvokeError, OperationError)

"""What a pack of byte code loads, and what it leaves to the ordinary import; over a made-up package."""

from __future__ import annotations

import importlib
import py_compile
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perdure_bootstrap import packs
from perdure_bootstrap.packing import write
from perdure_bootstrap.packs import pack_of, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

PACKAGE = "packed_sample"
FILES = {
    "__init__.py": "",
    "first.py": '"""The first."""\nVALUE = 1\n',
    "inner/__init__.py": '"""What is inside."""\n',
    "inner/second.py": f"from {PACKAGE}.first import VALUE\nVALUE += 1\n",
    "third.py": f"from {PACKAGE}.inner.second import VALUE\nVALUE += 1\n",
}
ORDER = ("first", "inner", "inner.second", "third")


class Sample:
    """A package on the path, and a pack of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / PACKAGE
        for name, text in FILES.items():
            self.file(name).parent.mkdir(parents=True, exist_ok=True)
            self.file(name).write_text(text)

    def file(self, name: str) -> Path:
        return self.folder / name

    def source(self, module: str) -> str:
        path = self.folder / module.replace(".", "/")
        return str(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))

    def pack(self, *, unchecked: bool = False) -> None:
        modules = [(f"{PACKAGE}.{module}", self.source(module)) for module in ORDER]
        write(Path(pack_of("sample")), modules, unchecked=unchecked)

    def loaded(self) -> list[str]:
        """The modules that are loaded, in order."""
        return [name.removeprefix(f"{PACKAGE}.") for name in sys.modules if name.startswith(f"{PACKAGE}.")]

    def forget(self) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(packs, "FOLDER", str(tmp_path))
    monkeypatch.setattr(packs, "INSTALLED", str(tmp_path))
    made = Sample(tmp_path)
    yield made
    made.forget()


@pytest.fixture(params=["alone", "beside a thread"], autouse=True)
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0 if request.param == "alone" else 1
    monkeypatch.setattr(packs, "other_threads", lambda: count)


def facts(module: ModuleType) -> dict[str, Any]:
    """What the import system has written into a module, and what it has to say of it."""
    named = {name: value for name, value in vars(module).items() if name not in {"__builtins__", "__loader__"}}
    spec: Any = named.pop("__spec__")
    told = ("name", "origin", "cached", "parent", "has_location", "submodule_search_locations", "_initializing")
    said = {f"spec.{name}": getattr(spec, name) for name in told}
    return named | said | {"source": spec.loader.get_source(spec.name)}


def test_modules_are_what_an_import_makes_of_them(sample: Sample) -> None:
    sample.pack()
    unpack("sample")
    assert sample.loaded() == list(ORDER)
    ours = {name: sys.modules[f"{PACKAGE}.{name}"] for name in ORDER}
    package = sys.modules[PACKAGE]
    assert package.third.VALUE == 3
    assert package.inner.second is ours["inner.second"]
    assert importlib.import_module(f"{PACKAGE}.third") is ours["third"]
    sample.forget()
    for name, module in ours.items():
        found, expected = facts(module), facts(importlib.import_module(f"{PACKAGE}.{name}"))
        # What is inside of a package is bound to it; each time it is another object.
        assert {key: value for key, value in found.items() if key != "second"} == {
            key: value for key, value in expected.items() if key != "second"
        }


def test_what_is_loaded_already_stays(sample: Sample) -> None:
    sample.pack()
    first = importlib.import_module(f"{PACKAGE}.first")
    unpack("sample")
    assert sys.modules[f"{PACKAGE}.first"] is first
    assert sample.loaded() == list(ORDER)


def test_a_module_whose_source_has_changed_is_left_to_whoever_imports_it(sample: Sample) -> None:
    sample.pack()
    sample.file("first.py").write_text("VALUE = 1_000\n")
    unpack("sample")
    assert importlib.import_module(f"{PACKAGE}.third").VALUE == 1_002


def test_a_module_whose_source_is_gone_is_left_out_with_all_that_follow(sample: Sample) -> None:
    sample.pack()
    sample.file("inner/second.py").unlink()
    unpack("sample")
    assert sample.loaded() == ["first", "inner"]


def test_a_module_that_fails_is_left_out_with_all_that_follow(sample: Sample) -> None:
    sample.file("inner/second.py").write_text("raise ValueError('not today')\n")
    sample.pack()
    unpack("sample")
    assert sample.loaded() == ["first", "inner"]
    with pytest.raises(ValueError, match="not today"):
        importlib.import_module(f"{PACKAGE}.third")


@pytest.mark.parametrize("before", ["", "import sys\ndel sys.modules[__name__]\n"])
def test_what_is_not_an_exception_goes_on(sample: Sample, before: str) -> None:
    sample.file("third.py").write_text(f"{before}raise KeyboardInterrupt\n")
    sample.pack()
    with pytest.raises(KeyboardInterrupt):
        unpack("sample")
    assert "third" not in sample.loaded()


def spoiled(change: Callable[[bytes], bytes]) -> None:
    path = Path(pack_of("sample"))
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _pack: b"", id="empty"),
        pytest.param(lambda pack: b"\0\0\r\n" + pack[4:], id="of another Python"),
        pytest.param(lambda pack: pack[:100], id="cut off"),
        pytest.param(lambda pack: pack[:4] + b"i\0\0\0\0", id="of something else"),
    ],
)
def test_a_pack_that_cannot_be_read_loads_nothing(sample: Sample, change: Callable[[bytes], bytes]) -> None:
    sample.pack()
    spoiled(change)
    unpack("sample")
    assert sample.loaded() == []


def test_no_pack_loads_nothing(sample: Sample) -> None:
    unpack("sample")
    assert sample.loaded() == []


def test_where_byte_code_is_kept_elsewhere_packs_are_not_looked_at(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sample.pack()
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    unpack("sample")
    assert sample.loaded() == []


def test_who_has_imports_timed_sees_each_of_them(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pack()
    with monkeypatch.context() as by_option:
        by_option.setattr(sys, "_xoptions", {"importtime": True})
        unpack("sample")
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    unpack("sample")
    assert sample.loaded() == []


def test_a_pack_that_is_larger_than_is_read_at_once(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pack()
    monkeypatch.setattr(packs, "MOST", 7)
    unpack("sample")
    assert sample.loaded() == list(ORDER)


def compiled_for_any_source(sample: Sample) -> None:
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for module in ORDER:
        py_compile.compile(sample.source(module), doraise=True, invalidation_mode=unchecked)


def test_byte_code_that_goes_for_any_source_is_packed_as_such_where_that_is_asked_for(sample: Sample) -> None:
    compiled_for_any_source(sample)
    sample.pack(unchecked=True)
    sample.file("first.py").write_text("VALUE = 1_000\n")
    unpack("sample")
    assert sys.modules[f"{PACKAGE}.third"].VALUE == 3


def test_a_pack_of_byte_code_that_goes_for_any_source_goes_for_its_own_only(sample: Sample) -> None:
    compiled_for_any_source(sample)
    sample.pack()
    sample.file("first.py").write_text("VALUE = 1_000\n")  # by an upgrade, which brings byte code, and no pack
    compiled_for_any_source(sample)
    unpack("sample")
    assert importlib.import_module(f"{PACKAGE}.third").VALUE == 1_002


def test_what_goes_for_any_source_is_not_loaded_into_the_package_of_another_installation(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compiled_for_any_source(sample)
    sample.pack(unchecked=True)
    monkeypatch.setattr(packs, "INSTALLED", str(tmp_path / "elsewhere"))
    unpack("sample")
    assert sample.loaded() == ["inner"]  # imported, for a module that lies in it


@pytest.mark.parametrize("unchecked", [False, True])
def test_frames_are_those_of_the_files_that_are_there_wherever_the_pack_was_made(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, unchecked: bool
) -> None:
    sample.file("first.py").write_text("VALUE = 1\ndef call():\n    return lambda: None\n")
    if unchecked:
        compiled_for_any_source(sample)
    sample.pack(unchecked=unchecked)
    moved = tmp_path / "moved"
    shutil.copytree(sample.folder, moved / PACKAGE)  # with its times
    monkeypatch.syspath_prepend(str(moved))
    unpack("sample")
    first: Any = sys.modules[f"{PACKAGE}.first"]
    assert first.__spec__.loader.__class__.__name__ == "SourceFileLoader"
    assert first.call.__code__.co_filename == first.call().__code__.co_filename == str(moved / PACKAGE / "first.py")


def test_a_thread_that_imports_the_same_waits_for_the_module_to_be_ready(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "other_threads", lambda: 1)
    sample.file("first.py").write_text(
        "import sys\nbegun, go_on = sys.begun, sys.go_on\nbegun.set()\nassert go_on.wait(60)\nVALUE = 1\n"
    )
    sample.pack()
    begun, go_on, seen = threading.Event(), threading.Event(), []
    monkeypatch.setattr(sys, "begun", begun, raising=False)
    monkeypatch.setattr(sys, "go_on", go_on, raising=False)

    def look() -> None:
        assert begun.wait(60)
        threading.Timer(0.05, go_on.set).start()  # by then this one waits; were it not to, the value would be missing
        module = importlib.import_module(f"{PACKAGE}.first")
        seen.append(module.VALUE)

    looking = threading.Thread(target=look)
    looking.start()
    unpack("sample")
    looking.join(60)
    assert seen == [1]


def test_a_module_that_a_thread_has_waited_for_and_imports_is_waited_for(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "other_threads", lambda: 1)
    waiting, begun, go_on = (threading.Event() for _ in range(3))
    for name, event in (("waiting", waiting), ("begun", begun), ("go_on", go_on)):
        monkeypatch.setattr(sys, name, event, raising=False)
    sample.file("first.py").write_text("import sys\nsys.waiting.set()\nassert not sys.go_on.wait(0.05)\nVALUE = 1\n")
    sample.pack()
    # Newer than the pack, so it is left out of that; and the thread is at it when the pack is over.
    sample.file("third.py").write_text("import sys\nsys.begun.set()\nassert sys.go_on.wait(60)\nVALUE = 1_000\n")

    def look() -> None:
        assert waiting.wait(60)
        importlib.import_module(f"{PACKAGE}.third")

    looking = threading.Thread(target=look)
    looking.start()
    unpack("sample")
    assert begun.wait(60)
    threading.Timer(0.05, go_on.set).start()
    assert importlib.import_module(f"{PACKAGE}.third").VALUE == 1_000
    looking.join(60)


@pytest.mark.parametrize("fails", [False, True])
def test_no_module_stays_locked(sample: Sample, monkeypatch: pytest.MonkeyPatch, *, fails: bool) -> None:
    monkeypatch.setattr(packs, "other_threads", lambda: 1)
    sample.pack()
    locks, during = importlib._bootstrap._module_locks, []  # type: ignore[attr-defined]

    def load(name: str, *_: object) -> None:
        during.append(locks.keys() >= {name, f"{PACKAGE}.third"})
        if fails:
            raise ValueError

    monkeypatch.setattr(packs, "_load", load)
    unpack("sample")
    assert set(during) == {True}
    assert not [name for name in locks if name.startswith(PACKAGE)]


def test_a_thread_that_was_first_is_waited_for(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "other_threads", lambda: 1)
    sample.pack()
    sample.file("first.py").write_text("import sys\nsys.begun.set()\nassert sys.go_on.wait(60)\nVALUE = 1_000\n")
    begun, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(sys, "begun", begun, raising=False)
    monkeypatch.setattr(sys, "go_on", go_on, raising=False)
    importing = threading.Thread(target=importlib.import_module, args=(f"{PACKAGE}.first",))
    importing.start()
    assert begun.wait(60)
    threading.Timer(0.05, go_on.set).start()
    unpack("sample")
    importing.join(60)
    assert sys.modules[f"{PACKAGE}.third"].VALUE == 1_002

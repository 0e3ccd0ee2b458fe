"""orjson without `inspect` and `copy`, which come when somebody asks for them."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
sys.path[:] = {path!r}
{before}
from perdure_runtime.jsoncode import CODE, LARGE_VALUE

CODE.foresee(LARGE_VALUE)
assert "orjson" in sys.modules
print(*[name for name in ("inspect", "copy") if name in sys.modules])

import dataclasses
import orjson

@dataclasses.dataclass
class Point:
    x: int

assert str(Point(1)) == "Point(x=1)" and Point.__doc__ == "Point(x: int)"
assert orjson.dumps(Point(1)) == b'{{"x":1}}'

points = [Point(1)]
assert dataclasses.asdict(Point(points)) == {{"x": [{{"x": 1}}]}} and dataclasses.asdict(Point({{1}})) == {{"x": {{1}}}}
import copy
assert copy.deepcopy is dataclasses.copy.deepcopy and copy.copy(points) == points

import inspect
assert type(inspect).__name__ == "module" and inspect.signature is dataclasses.inspect.signature
"""


@pytest.mark.parametrize(("before", "is_there"), [("", ""), ("import inspect", "inspect"), ("import copy", "copy")])
def test_orjson_comes_without_them_unless_they_are_there_already(before, is_there):
    program = PROGRAM.format(path=sys.path, before=before)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{is_there}\n", "")


def test_who_asks_meanwhile_gets_the_real_one():
    program = f"""
import sys
sys.path[:] = {sys.path!r}
from perdure_runtime.unasked import without

with without("inspect"):
    import inspect as early
    from inspect import signature
    import inspect as late
assert early is not late and early.signature is signature is late.signature
assert sys.modules["inspect"] is late and "ast" in sys.modules
"""
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)

"""When the garbage collector looks at what is new; each case in a process of its own, whose collector it is."""

import platform
import subprocess
import sys

import pytest

LARGE_BLOCKS = """
import gc, resource, sys
sys.path[:] = {path!r}
from perdure_bootstrap import collector
collector.rest()
collector.wake()

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def rounds(count):
    for _ in range(count):
        blocks = [b"x" * 300_000 for _ in range(5)]

rounds(1)
before = faults()
rounds(50)
print(faults() - before)
"""
PROGRAM = """
import gc, sys
sys.path[:] = {path!r}
{before}
from perdure_bootstrap import collector
collector.rest()
collector.rest()
assert gc.get_threshold() == collector.RESTING
{meanwhile}
collector.wake()
print(gc.get_threshold() == {expected})
"""


@pytest.mark.parametrize(
    ("before", "meanwhile", "expected"),
    [
        ("gc.set_threshold(700, 11, 12)", "", (10_000, 11, 12)),
        ("gc.set_threshold(50_000, 20, 5)", "", (50_000, 20, 5)),
        ("gc.set_threshold(0, 10, 10)", "", (0, 10, 10)),
        ("", "gc.set_threshold(500, 5, 5)", (500, 5, 5)),
    ],
    ids=["as Python has it", "already more seldom", "switched off", "set by a module of the user's"],
)
def test_after_init_it_looks_more_seldom_unless_it_is_told_otherwise(before, meanwhile, expected):
    program = PROGRAM.format(path=sys.path, before=before, meanwhile=meanwhile, expected=expected)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library, with rules of its own")
@pytest.mark.parametrize(("environ", "is_kept"), [({}, True), ({"MALLOC_TRIM_THRESHOLD_": "131072"}, False)])
def test_after_init_large_blocks_are_used_again_unless_the_environment_says_otherwise(environ, is_kept):
    command = [sys.executable, "-S", "-c", LARGE_BLOCKS.format(path=sys.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    # 370 pages a round, if they are new ones.
    assert (int(done.stdout) < 1_000) is is_kept

"""The picture in the README: drawn from a real run, and complete in itself."""

from __future__ import annotations

import importlib
import re
from itertools import pairwise
from pathlib import Path
from xml.dom.minidom import parseString

from perdure_local import InvocationStarted, OperationRetrying
from support.story import a_whole_run

PICTURE = Path(__file__).parents[1] / "docs" / "run.svg"
picture = importlib.import_module("tools.picture")


def test_the_picture_names_no_host_but_that_of_its_own_language():
    drawn = PICTURE.read_text("utf-8")
    assert set(re.findall(r"https?://[^/\"')\s]+", drawn)) == {"http://www.w3.org"}
    assert "@import" not in drawn
    assert "SUCCEEDED" in drawn
    parseString(drawn)  # noqa: S318 - our own picture


def test_times_are_evened_out_and_delays_are_those_without_jitter():
    evened = list(picture.evened(a_whole_run()))
    assert [type(notice) for notice in evened] == [type(notice) for notice in a_whole_run()]
    began = [notice.at for notice in evened if isinstance(notice, InvocationStarted)]
    assert [round(later - earlier) for earlier, later in pairwise(began)] == [5, 7200, 2]
    assert [notice.delay for notice in evened if isinstance(notice, OperationRetrying)] == [2]


def test_spaces_round_a_text_become_its_place():
    drawn = '<text class="a" x="10" y="1" textLength="60" clip-path="b">&#160;&#160;a&#160;&lt;&#160;</text>'
    tight = '<text class="a" x="30" y="1" textLength="30" clip-path="b">a&#160;&lt;</text>'
    assert picture.tightened(drawn) == tight

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from perdure_local.cli.inputs import LARGEST, read_input
from perdure_local.cli.problems import Problem

if TYPE_CHECKING:
    from pathlib import Path


def read(given: str | None, stdin: bytes = b"") -> str:
    return read_input(given, io.BytesIO(stdin))


def problem(given: str, stdin: bytes = b"") -> str:
    with pytest.raises(Problem) as caught:
        read(given, stdin)
    assert caught.value.exit_code == 2
    return caught.value.message


def test_an_input_is_passed_on_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_bytes(b'\xef\xbb\xbf{"order":\n 7}')
    assert read(None) == "{}"
    assert read('{"order":  7}') == '{"order":  7}'
    assert read(f"@{file}") == '{"order":\n 7}'
    assert read("-", b"[1,\n2]") == "[1,\n2]"


def test_broken_json_is_shown_with_the_place_where_it_breaks() -> None:
    assert problem('{"order": seven}').splitlines() == [
        "--input is not JSON: unexpected character, expected a JSON value (line 1, column 11)",
        '    {"order": seven}',
        "              ^",
    ]


def test_the_place_is_shown_in_a_file_of_long_lines(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text("[\n" + "1, " * 100 + "oops, " + "2, " * 100 + "3]", "utf-8")
    first, line, caret = problem(f"@{file}").splitlines()
    assert first.startswith(f"{file} is not JSON: ")
    assert first.endswith("(line 2, column 301)")
    assert len(line) <= 80
    assert line[caret.index("^") :].startswith("oops")


@pytest.mark.parametrize(
    ("given", "stdin", "expected"),
    [
        ("@", b"", "--input @ lacks the name of a file."),
        ("@nowhere.json", b"", "--input: there is no file nowhere.json"),
        ("@.", b"", "--input: . cannot be read: "),
        ("-", b"", "standard input is empty; JSON is expected, such as '{}'."),
        ("-", b"\xff", "standard input is not JSON: byte 0 is not UTF-8."),
        ("", b"", "--input is empty"),
        ("{order: 7}", b"", """--input '{"order": 7}'"""),
        ("NaN", b"", "--input is not JSON: "),
        ('{"a": 1', b"", "--input is not JSON: "),
    ],
)
def test_what_cannot_be_read_is_told_with_the_way_out(given: str, stdin: bytes, expected: str) -> None:
    assert expected in problem(given, stdin)


def test_a_file_given_as_text_is_recognised(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text("{}", "utf-8")
    assert f"write --input @{file}" in problem(str(file))


def test_an_input_that_lambda_would_not_take_is_refused() -> None:
    assert f"larger than the {LARGEST} bytes" in problem("-", b'"' + b"x" * LARGEST + b'"')

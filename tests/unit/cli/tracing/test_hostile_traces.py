# SPDX-License-Identifier: BSD-2-Clause
"""What somebody wrote into a trace does no harm to who looks at it."""

from __future__ import annotations

import html.parser
import json
import random
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytee_client.cli._trace.names import clean

from ....support.command_lines import Ran, ran
from ....support.traced import lines, record, write

INJECTED = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style><h1>gone</h1>",
    "javascript:alert(1)",
    "&lt;b&gt;<b>",
    "\x1b]0;owned\x07\x1b[2J\r\n\u202e\u2028\ud800",
)
Page = Callable[..., str]


class Reader(html.parser.HTMLParser):
    """Notes the tags of a page, their attributes and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Page:
    """Make a page of the trace in the folder of the test."""

    def make(*words: str) -> str:
        made = tmp_path / "it.html"
        done = ran(capsys, "trace", "show", str(tmp_path / "it.trace"), "--html", str(made), *words)
        assert (done.status, done.output) == (0, ""), done
        return made.read_text("utf-8")

    return make


def everywhere(text: str) -> list[dict[str, Any]]:
    """Return calls with a text in each place that has one."""
    return [
        {"call": "OPEN", "in": {"path": text}, "out": {"file": 1}},
        {
            "call": "OPEN_SESSION",
            "in": {"file": 1, "uuid": text, "params": [{"attr": text, "b": text}]},
            "out": {"session": 2, "ret": 0, "ret_origin": text, "params": text},
        },
        {
            "call": "INVOKE",
            "in": {
                "file": 1,
                "session": 2,
                "func": text,
                "params": [{"attr": f"MEMREF_{text}", "a": text, "b": text}],
            },
            "out": {"ret": text, "params": [text, {"b": text, "data": text}]},
        },
        {"call": "SHM_ALLOC", "in": {"file": 1, "size": text}, "errno": "ENOMEM"},
    ]


@pytest.mark.parametrize("text", INJECTED, ids=ascii)
def test_a_text_can_not_become_a_part_of_the_page(tmp_path: Path, page: Page, text: str) -> None:
    plain = read_page(tmp_path, page, "text")
    made = read_page(tmp_path, page, text)
    assert made.tags == plain.tags
    assert [name for name, _ in made.attributes] == [name for name, _ in plain.attributes]
    assert not made.open
    assert {"script", "img", "iframe", "object", "link", "form", "base"}.isdisjoint(made.tags)
    for name, value in made.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "srcset", "action", "formaction", "data", "poster")
        assert name != "href" or re.fullmatch(r"#call-\d+", value)
    assert clean(text) in made.text


def read_page(tmp_path: Path, page: Page, text: str) -> Reader:
    write(tmp_path / "it.trace", *everywhere(text), program=text)
    return Reader(page())


@pytest.mark.parametrize("text", INJECTED, ids=ascii)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=str)
def test_a_terminal_is_not_given_orders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, form: tuple[str, ...]
) -> None:
    path = write(tmp_path / "it.trace", *everywhere(text), program=text)
    done = ran(capsys, "trace", "show", str(path), *form)
    assert done.status == 0
    assert all(one.isprintable() or one == "\n" for one in done.output)
    assert len(done.output.splitlines()) == len(done.output.split("\n")) - 1


def test_a_page_has_a_policy_and_loads_nothing(tmp_path: Path, page: Page) -> None:
    record(tmp_path / "it.trace")
    made = page()
    read = Reader(made)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in read.attributes
    assert "url(" not in made
    assert "@import" not in made
    assert "http://" not in made
    assert "https://" not in made
    assert stat.S_IMODE((tmp_path / "it.html").stat().st_mode) == 0o600


def test_contents_are_on_the_page_only_if_they_are_wanted(tmp_path: Path, page: Page) -> None:
    record(tmp_path / "it.trace", payloads=True)
    assert "73 65 63 72 65 74" not in page()
    made = page("--contents")
    assert "73 65 63 72 65 74" in made
    assert "&lt;b&gt;&amp;" in made


def test_a_page_that_can_not_be_written_is_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = record(tmp_path / "it.trace")
    for place in ("nowhere/it.html", "."):
        done = ran(capsys, "trace", "show", str(path), "--html", str(tmp_path / place))
        assert done.status == 1
        assert "can't be written: " in done.errors


def test_openings_in_openings_have_no_depth_that_is_too_much(tmp_path: Path, page: Page) -> None:
    calls = [
        {"call": "OPEN", "in": {"file": number, "path": "x"}, "out": {"file": number + 1}}
        for number in range(3000)
    ]
    write(tmp_path / "it.trace", *calls)
    assert page().count("<tr id=") == 3000


VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    2**64,
    10**200,
    1.5,
    "",
    "text",
    "\ud800",
    [],
    [[]],
    {},
    {"attr": 1},
    [{"attr": "VALUE_INOUT"}],
    [None],
)


def test_a_trace_that_is_damaged_anywhere_is_shown_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = record(tmp_path / "good.trace", payloads=True)
    good = lines(path)
    choose = random.Random(1)
    statuses = set()
    for _ in range(300):
        damaged = json.loads(json.dumps(good))
        for _ in range(choose.choice((1, 1, 3))):
            _damage(choose.choice(damaged), choose)
        (tmp_path / "it.trace").write_text("".join(json.dumps(line) + "\n" for line in damaged))
        for form in ((), ("--json",), ("--html", str(tmp_path / "it.html"), "--contents")):
            done: Ran = ran(capsys, "trace", "show", str(tmp_path / "it.trace"), *form)
            statuses.add(done.status)
            assert done.status in (0, 1), done
            assert "Traceback" not in done.errors
    assert statuses == {0, 1}


def _damage(line: dict[str, Any], choose: random.Random) -> None:
    """Replace a random part of a line."""
    place: Any = line
    key: Any = choose.choice(list(line))
    while isinstance(place[key], dict | list) and place[key] and choose.random() < 0.8:
        place = place[key]
        key = choose.choice(list(place) if isinstance(place, dict) else range(len(place)))
    place[key] = choose.choice(VALUES)

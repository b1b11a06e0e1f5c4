# SPDX-License-Identifier: BSD-2-Clause
"""What must hold of the page of a trace, in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from .chromium import Tab
from .traces import INJECTED

__all__ = ["WIDTHS", "look_at"]

WIDTHS = (1280, 390)
_HEIGHT = 900
_CONTRAST = 4.5
_PAPER = b"%PDF"

# Each element that has text of its own, with its colour, and the colour behind it.
_COLOURS = """
[...document.querySelectorAll("body, body *")].filter(e => e.checkVisibility() && [...e.childNodes]
  .some(n => n.nodeType === 3 && n.data.trim())).map(e => {
    let behind = e;
    const colour = b => getComputedStyle(b).backgroundColor;
    while (behind && colour(behind) === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
    return [e.tagName + "." + e.className, getComputedStyle(e).color,
      behind ? colour(behind) : "rgb(255, 255, 255)"];
  })
"""
# Where parts of the page are.
_PLACES = """
[...document.querySelectorAll("{}")].map(e => {{
  const r = e.getBoundingClientRect();
  return [r.left, r.right, r.width, r.height];
}})
"""


def look_at(tab: Tab, name: str, trace: Path, page: Path, results: Path) -> None:
    """Look at a page in each size and colour, and keep pictures of it.

    Raises:
        AssertionError: something is not as it must be.
    """
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    calls = sorted(lines[1:], key=lambda line: line["began"])
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            tab.show(width, _HEIGHT, scheme)
            tab.open(page)
            _check_loading(tab, page)
            _check_layout(tab, width, calls)
            _check_colours(tab, scheme)
            (results / f"{name}-{width}-{scheme}.png").write_bytes(tab.picture())
        _check_details(tab, width, calls)
        tab.ask('(document.querySelector("#calls") || document.body).scrollIntoView()')
        (results / f"{name}-{width}-details.png").write_bytes(tab.picture())
        _check_filter(tab, calls)
        _check_links(tab, calls)
    _check_paper(tab, page, results / f"{name}.pdf")
    if name == "hostile":
        assert tab.ask("document.title") == trace.name
        text = re.sub(r"\\s+", " ", tab.ask("document.body.textContent"))
        assert INJECTED in text
    _check_loading(tab, page)


def _check_loading(tab: Tab, page: Path) -> None:
    assert set(tab.requests) == {page.as_uri()}, tab.requests
    assert not tab.complaints, tab.complaints
    active = "script, img, iframe, object, embed, link, form, base, style[src]"
    assert tab.ask(f"document.querySelectorAll('{active}').length") == 0
    assert tab.ask("document.compatMode") == "CSS1Compat"


def _check_layout(tab: Tab, width: int, calls: list[dict[str, Any]]) -> None:
    assert tab.ask("innerWidth") == width
    assert tab.ask("document.documentElement.scrollWidth") <= width
    for left, right, _, _ in tab.ask(_PLACES.format("body *")):
        assert left >= -0.5, left
        assert right <= width + 0.5, right
    rows = tab.ask(_PLACES.format("#calls tbody tr"))
    assert len(rows) == len(calls)
    assert all(row_width > 100 and height > 10 for _, _, row_width, height in rows)
    bars = tab.ask(_PLACES.format(".bar"))
    # One among the sessions, and one among the threads.
    assert len(bars) == 2 * len(calls)
    assert all(bar_width >= 3 and height >= 10 for _, _, bar_width, height in bars)
    shown = tab.ask('[...document.querySelectorAll("#calls summary")].map(e => e.innerText)')
    assert [text.split()[0] for text in shown] == [call["call"] for call in calls]


def _check_colours(tab: Tab, scheme: str) -> None:
    found = tab.ask(_COLOURS)
    assert found
    for what, colour, behind in found:
        contrast = _contrast(_luminance(colour), _luminance(behind))
        assert contrast >= _CONTRAST, f"{what}: {colour} on {behind} has {contrast:.1f}, {scheme}"
    is_dark = _luminance(tab.ask("getComputedStyle(document.body).backgroundColor")) < 0.2
    assert is_dark == (scheme == "dark")


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2.1 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def _check_details(tab: Tab, width: int, calls: list[dict[str, Any]]) -> None:
    """Open the details of each call as a click does, and find what they have."""
    for number, call in enumerate(calls[:30], 1):
        tab.ask(f'document.querySelector("#call-{number} summary").click()')
        details = f'document.querySelector("#call-{number} dl")'
        assert tab.ask(f"{details}.checkVisibility()")
        text = tab.ask(f"{details}.innerText")
        assert f"{call['began']} to {call['ended']}" in text
        for parameter in call["in"].get("params", []):
            assert parameter["attr"][:200] in text
    assert tab.ask("document.documentElement.scrollWidth") <= width


def _check_filter(tab: Tab, calls: list[dict[str, Any]]) -> None:
    """Leave the calls that failed, as a click on the check box does."""
    failed = [number for number, call in enumerate(calls, 1) if _has_failed(call)]
    visible = (
        '[...document.querySelectorAll("#calls tbody tr")].filter(e => e.checkVisibility())'
        ".map(e => +e.id.slice(5))"
    )
    if not calls:
        return
    tab.ask('document.querySelector("#failures").click()')
    assert tab.ask(visible) == failed
    tab.ask('document.querySelector("#failures").click()')
    assert tab.ask(visible) == list(range(1, len(calls) + 1))


def _has_failed(call: dict[str, Any]) -> bool:
    return "errno" in call or bool(call.get("out", {}).get("ret"))


def _check_links(tab: Tab, calls: list[dict[str, Any]]) -> None:
    """Each bar says what it is, and leads to its call."""
    links = tab.ask('[...document.querySelectorAll(".bar")].map(e => [e.hash, e.title])')
    for target, title in links:
        number = int(target.removeprefix("#call-"))
        assert title.startswith(f"{number}. {calls[number - 1]['call']}"), title
    if links:
        tab.ask('document.querySelector(".bar").click()')
        assert tab.ask('document.querySelector("tr:target").id') == links[0][0][1:]


def _check_paper(tab: Tab, page: Path, paper: Path) -> None:
    """On paper it is light, whatever the screen was."""
    tab.show(WIDTHS[0], _HEIGHT, "dark", "print")
    tab.open(page)
    assert _luminance(tab.ask("getComputedStyle(document.body).backgroundColor")) > 0.9
    data = tab.paper()
    assert data.startswith(_PAPER)
    paper.write_bytes(data)
    tab.show(WIDTHS[0], _HEIGHT, "light")

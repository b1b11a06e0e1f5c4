# SPDX-License-Identifier: BSD-2-Clause
"""The project's pages: links lead somewhere, and the README is short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
README = TOP / "README.md"
PAGES = sorted(
    path
    for folder, pattern in ((".", "*.md"), ("docs", "**/*.md"), ("tests", "**/*.md"))
    for path in (TOP / folder).glob(pattern)
)
CODE_BLOCK = re.compile(r"^( *)```.*?^\1```$", re.M | re.S)
LINK = re.compile(r"\[[^\[\]]*\]\(\s*<?([^)\s>]+)")


def prose_of(page: Path) -> str:
    """Return a page without its code."""
    return re.sub(r"`[^`\n]+`", "code", CODE_BLOCK.sub("", page.read_text()))


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as sites that show Markdown make them."""
    text = CODE_BLOCK.sub("", page.read_text())
    headings = re.findall(r"^#+ +(.*?) *$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead to nothing."""
    dead = []
    for link in LINK.findall(prose_of(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        is_dead = not target.exists() or path.startswith("/")
        if is_dead or (anchor and anchor not in anchors_of(target)):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_every_relative_link_leads_to_something(page: Path) -> None:
    assert dead_links(page) == []


def missing_tests(page: Path) -> list[str]:
    """Return the programs and files below tests/ that a page names and that are not there."""
    missing = []
    for name in re.findall(r"\btests[./][\w./]+\w", page.read_text()):
        path = TOP / (name if "/" in name else name.replace(".", "/"))
        # The versions of the last green run are kept once there was one.
        is_kept_later = path.suffix == ".json" and path.parent.is_dir()
        if not (path.exists() or path.with_suffix(".py").exists() or is_kept_later):
            missing.append(name)
    return missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_what_a_page_names_of_the_tests_is_there(page: Path) -> None:
    assert missing_tests(page) == []


def test_a_name_of_a_test_that_has_moved_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`python -m tests.bench.host` `tests/unit/test_pages.py` `tests/machines/` tests/unit.\n"
        "`python -m tests.gone build` `tests/gone/test_it.py` `tests/unit/test_gone.py`\n"
    )
    assert missing_tests(page) == ["tests.gone", "tests/gone/test_it.py", "tests/unit/test_gone.py"]


def test_a_link_to_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# What it is, in short\n```sh\n# no heading\n```\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md) [b](other.md#what-it-is-in-short) [`c`](#top) [d](https://a.example/b)\n"
        "[e](missing.md) [f](other.md#no-heading) `[g](code.md)`\n# Top\n"
    )
    assert dead_links(page) == ["missing.md", "other.md#no-heading"]


def test_the_pages_that_the_readme_leads_to_are_looked_at() -> None:
    linked = {README.parent / link.partition("#")[0] for link in LINK.findall(prose_of(README))}
    assert {path for path in linked if path.suffix == ".md"} < set(PAGES)


def test_the_readme_has_at_most_120_lines() -> None:
    assert len(README.read_text().splitlines()) <= 120

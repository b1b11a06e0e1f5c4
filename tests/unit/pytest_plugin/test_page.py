# SPDX-License-Identifier: BSD-2-Clause
"""What docs/pytest.md shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ...support.pytest_projects import Project

TOP = Path(__file__).parents[3]
PAGE = (TOP / "docs" / "pytest.md").read_text()


@pytest.fixture
def files(pytester: pytest.Pytester) -> list[Path]:
    """Write the samples, each of which says in its first line which file it is."""
    written = []
    for text in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S):
        name, _, content = text.partition("\n")
        path = pytester.path / name.removeprefix("# ")
        path.write_text(content)
        written.append(path)
    return written


def test_the_project_of_the_page_passes_its_tests_on_every_fake(
    pytester: pytest.Pytester, files: list[Path]
) -> None:
    options = ("-p", "pytee_client_pytest", "-p", "no:asyncio", "--strict-markers")
    tests = [*options, "-W", "error", "--tee", "fake:optee,fake:amdtee"]
    board = next(path for path in files if path.name == "test_board.py")
    recorded = pytester.runpytest_inprocess(*options, "--tee=fake:optee", "--tee-record", board)
    recorded.assert_outcomes(passed=1)
    assert (board.parent / "cassettes/test_board/test_the_board_says_hello.trace").exists()
    # Four tests run on two fakes, and the cassette is replayed.
    pytester.runpytest_inprocess(*tests).assert_outcomes(passed=9)


def test_the_project_of_the_page_passes_a_strict_type_checker(files: list[Path]) -> None:
    options = ("--strict", "--config-file=", "--python-version=3.10", "--no-incremental")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *map(str, files)],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_project_of_the_readme_passes_its_test(pytester: pytest.Pytester) -> None:
    shown = re.findall(r"^```python\n(.*?)^```$", (TOP / "README.md").read_text(), re.M | re.S)
    (text,) = (text for text in shown if "tee_applications" in text)
    pytester.makepyfile(text)
    run = pytester.runpytest_inprocess("-p", "pytee_client_pytest", "-p", "no:asyncio")
    run.assert_outcomes(passed=1)


def test_the_page_has_every_fixture_option_and_marker(project: Project) -> None:
    shown = {*re.findall(r"^\| `(tee_\w+)` \|", PAGE, re.M)}
    listed = project.run("--fixtures").stdout.str()
    assert shown == {*re.findall(r"^(tee_\w+)", listed, re.M)}
    assert "tee_session" in shown
    options = {*re.findall(r"--tee[\w-]*", project.run("--help").stdout.str())}
    assert options == {"--tee", "--tee-record", "--tee-require"}
    assert options == {*re.findall(r"--tee[\w-]*", PAGE)}
    for marker in re.findall(r"mark\.(tee_\w+)", project.run("--markers").stdout.str()):
        assert f"`{marker}`" in PAGE or f"mark.{marker}" in PAGE

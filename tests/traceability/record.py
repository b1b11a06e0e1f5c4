# SPDX-License-Identifier: BSD-2-Clause
"""Notes, while pytest runs, which tests with a statement to prove passed, and on which TEE."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

from .probes import PROBES
from .statements import STATEMENTS

NO_TEE = "no TEE"


class Recorder:
    """A plugin of pytest that writes a JSON file: {test: {where: [statement, ...]}}."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._proved: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._failed: set[tuple[str, str]] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Function, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        where = item.callspec.params.get("target", NO_TEE) if hasattr(item, "callspec") else NO_TEE
        test = f"{item.location[0]}::{item.originalname}"
        if not report.passed:
            self._failed.add((test, str(where)))
        elif report.when == "call":
            self._proved[test][str(where)].update(statements_of(item))
        return report

    def pytest_sessionfinish(self) -> None:
        record = {
            test: {
                where: sorted(ids)
                for where, ids in sorted(places.items())
                if ids and (test, where) not in self._failed
            }
            for test, places in sorted(self._proved.items())
        }
        text = json.dumps({test: places for test, places in record.items() if places}, indent=1)
        self._path.write_text(text + "\n", encoding="utf-8")


def statements_of(item: pytest.Item) -> set[str]:
    """Return what a test's marks say that it proves."""
    return {statement for mark in item.iter_markers("assertion") for statement in mark.args} | {
        f"probe {number}" for mark in item.iter_markers("probe") for number in mark.args
    }


def check_marks(items: list[pytest.Item]) -> None:
    """Refuse marks that name no statement."""
    for item in items:
        for name, known in (("assertion", STATEMENTS.keys()), ("probe", PROBES.keys())):
            for mark in item.iter_markers(name):
                unknown = set(mark.args) - known
                if unknown or not mark.args:
                    raise pytest.UsageError(f"{item.nodeid}: no such {name}: {sorted(unknown)}")

# SPDX-License-Identifier: BSD-2-Clause
"""Writes the page of statements and their tests from what runs of pytest recorded."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..support.progress import Progress
from .probes import PROBES
from .record import NO_TEE
from .statements import GROUPS, STATEMENTS

PAGE = Path(__file__).with_name("assertions.md")
_FAKE = {"fake:optee": "fake", "fake:optee-no-reg-mem": "fake without REG_MEM"}
_MACHINES = {
    suite: {
        f"{suite}:/dev/tee0": suite,
        f"{suite}:/dev/tee0-no-reg-mem": f"{suite} without REG_MEM",
    }
    for suite in ("stable", "newest")
}
_REAL = {place: name for places in _MACHINES.values() for place, name in places.items()}
_PLACES = {**_FAKE, **_REAL, NO_TEE: "no TEE needed"}

# For each statement its tests, and where each passed.
Proofs = Mapping[str, Mapping[str, set[str]]]


def read(records: Iterable[Path]) -> Proofs:
    """Join the records of several runs."""
    proofs: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    with Progress("reading records") as progress:
        for record in progress.over(records):
            for test, places in json.loads(record.read_text(encoding="utf-8")).items():
                for place, statements in places.items():
                    for statement in statements:
                        proofs[statement][test].add(place)
    return proofs


def page(proofs: Proofs) -> str:
    """Write the page."""
    lines = [
        "# What is proved, by which test, where",
        "",
        "Made by `python -m tests.traceability` from what the tests recorded; do not edit. The IDs",
        "are those of the marks `assertion` and `probe` at the tests. Stable and newest are real",
        "OP-TEE in the machines of `python -m tests.machines.optee`; where a test ran is in its",
        "line.",
    ]
    for group, title in GROUPS.items():
        lines += ["", f"## {title}", "", "| ID | statement | tests | ran on |", "|---|---|---|---|"]
        for statement, text in STATEMENTS.items():
            if statement.startswith(f"{group}-"):
                lines.append(_row(statement, text, proofs.get(statement, {})))
    lines += ["", "## Probes of OP-TEE's own applications", ""]
    lines += ["| number | statement | tests | ran on |", "|---|---|---|---|"]
    lines += [_row(str(n), text, proofs.get(f"probe {n}", {})) for n, text in PROBES.items()]
    return "\n".join(lines) + "\n"


def _row(statement: str, text: str, tests: Mapping[str, set[str]]) -> str:
    links, places = [], []
    for test in sorted(tests):
        path, name = test.split("::")
        links.append(f"[{name.removeprefix('test_')}](../{path.removeprefix('tests/')})")
        places.append(_where(tests[test]))
    return f"| {statement} | {text} | {'<br>'.join(links)} | {'<br>'.join(places)} |"


def _where(places: set[str]) -> str:
    if places.issuperset((*_FAKE, *_REAL)):
        return "everywhere"
    return ", ".join(name for place, name in _PLACES.items() if place in places) or "other drivers"


def summary(proofs: Proofs) -> str:
    """Count what is proved, and where."""
    lines = []
    for name, statements in (
        ("assertions", [*STATEMENTS]),
        ("probes", [f"probe {number}" for number in PROBES]),
    ):
        where = [set().union(*proofs[one].values()) for one in statements if one in proofs]
        counts = [f"{_count(where, _FAKE)} on the fake"]
        counts += [f"{_count(where, places)} on {suite}" for suite, places in _MACHINES.items()]
        alone = sum(places == {NO_TEE} for places in where)
        lines.append(
            f"{name} {len(where)} of {len(statements)}: {', '.join(counts)},"
            f" {alone} that need no TEE"
        )
    return "\n".join(lines)


def _count(where: Iterable[set[str]], places: Mapping[str, str]) -> int:
    return sum(not found.isdisjoint(places) for found in where)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.traceability", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if the page is not up to date"
    )
    parser.add_argument("records", nargs="+", type=Path, help="what pytest --record wrote")
    parser.add_argument(
        "--without-newest",
        action="store_true",
        help="the newest machine was not measured: check the statements, and not the page",
    )
    arguments = parser.parse_args()
    proofs = read(arguments.records)
    text = page(proofs)
    print(summary(proofs))
    wanted = [*STATEMENTS, *(f"probe {number}" for number in PROBES)]
    missing = [statement for statement in wanted if statement not in proofs]
    if missing:
        print(f"no test passed for {', '.join(missing)}")
    if arguments.without_newest:
        print(f"{PAGE.name} is not checked, as the newest machine was not measured")
    elif not arguments.check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.name} is stale: run python -m tests.traceability on the records, and commit")
        return 1
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

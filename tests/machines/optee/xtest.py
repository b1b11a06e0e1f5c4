# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's own test program: running it over one libteec or another, and reading its output."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..job import Job
from ..process import VmError
from .overlay import LIBTEEC

# Whose libteec xtest can run over, and what it is called in reports.
LIBRARIES = {"ours": "this library", "debian": "Debian's libteec"}
# What the programs of a machine get that runs over this library: all of it, before they start.
OURS = {"LD_LIBRARY_PATH": f"/{PurePosixPath(LIBTEEC).parent}", "LD_BIND_NOW": "1"}
# The test suites; the second calls the TEE through libckteec.
_SUITES = ("regression", "pkcs11")

_RUN_BEGINS = "\nRun test suite with level="
_CASE_BEGINS = re.compile(r"^\* (\S+)", re.MULTILINE)
_CASE_OR_PART_ENDS = re.compile(r"^  (\S+) (OK|FAILED)$", re.MULTILINE)
_VERDICT = re.compile(r"^(\S+) (OK|FAILED|SKIPPED)\b", re.MULTILINE)
_LIBRARY = re.compile(r"^\s*libteec\.so\.2 => (\S+)", re.MULTILINE)
_UNDEFINED = re.compile(r"^undefined symbol: .*", re.MULTILINE)
_SUPPLICANT = re.compile(r"^tee-supplicant: .*?(/\S*libteec\S*)", re.MULTILINE)


@dataclass(frozen=True)
class Verdicts:
    """What xtest found in one machine.

    Attributes:
        library: the libteec.so.2 that it and tee-supplicant ran over, by its path in the machine.
        cases: OK, FAILED or SKIPPED by the name of each test case that ran.
        parts: OK or FAILED by the name of each part of a case, "regression_1004.2".
        subtests: how much was checked in all. It is no verdict: some cases check more or less
            often as the machine is quick or slow.
        failed_subtests: how many of those checks failed.
    """

    library: str
    cases: Mapping[str, str]
    parts: Mapping[str, str]
    subtests: int
    failed_subtests: int

    @property
    def passed(self) -> bool:
        """Whether something ran, and nothing failed."""
        return bool(self.cases) and "FAILED" not in self.cases.values()

    def summary(self, library: str) -> str:
        """One line, with the library called by a name."""
        good = sum(verdict == "OK" for verdict in self.cases.values())
        return (
            f"xtest {good} of {len(self.cases)} cases over {library}, "
            f"{self.subtests} subtests, {self.failed_subtests} failed"
        )


def job(*, ours: bool, arguments: Sequence[str]) -> Job:
    """All tests, or those named, with the whole machine over this project's libteec or Debian's.

    The suites run at the same time: an emulated processor makes the keys for PKCS#11 in minutes.
    """
    runs = [f"xtest -l 0 -t {suite} {shlex.join(arguments)}" for suite in _SUITES]
    first, second = runs
    return Job(
        # The loader's own answer to which library the program will use, and what it lacks.
        "LD_TRACE_LOADED_OBJECTS=1 LD_WARN=1 LD_BIND_NOW=1 xtest 2>&1"
        " | busybox grep -e libteec -e 'undefined symbol'\n"
        "printf 'tee-supplicant: '\n"
        "busybox grep -m 1 libteec /proc/$(busybox pidof tee-supplicant)/maps || echo\n"
        f"{second} >/tmp/second 2>&1 &\n"
        "status=0\n"
        f"{first} || status=$?\n"
        "wait $! || status=$?\n"
        "cat /tmp/second\n"
        "exit $status\n",
        environment=OURS if ours else {},
    )


def parse(console: str) -> Verdicts:
    """Reads what a job printed; VmError when it did not come to its end, or does not add up."""
    loader, *runs = console.split(_RUN_BEGINS)
    library = _LIBRARY.search(loader)
    if library is None:
        raise VmError("xtest did not run: the loader did not find its libteec")
    if undefined := _UNDEFINED.findall(loader):
        raise VmError(f"{library[1]} lacks what xtest calls: {', '.join(undefined)}")
    supplicant = _SUPPLICANT.search(loader)
    under = supplicant[1] if supplicant else "no libteec"
    # What the loader finds by a link is mapped by the path of the file.
    if _directory(under) != _directory(library[1]):
        raise VmError(f"xtest runs over {library[1]}, and tee-supplicant over {under}")
    if len(runs) != len(_SUITES):
        raise VmError(f"xtest began {len(runs)} of {len(_SUITES)} test suites")
    found = [_parse_run(library[1], run) for run in runs]
    return Verdicts(
        library[1],
        {name: verdict for each in found for name, verdict in each.cases.items()},
        {name: verdict for each in found for name, verdict in each.parts.items()},
        sum(each.subtests for each in found),
        sum(each.failed_subtests for each in found),
    )


def _directory(library: str) -> str:
    """The directory of a library, in a machine where /lib is a link to /usr/lib."""
    return str(PurePosixPath(library).parent).removeprefix("/usr")


def _parse_run(library: str, console: str) -> Verdicts:
    body, _, results = console.partition("\nResult of testsuite ")
    subtests, failed_subtests = _totals("subtest", results)
    count, failed = _totals("test case", results)
    begun = _CASE_BEGINS.findall(body)
    ended = dict(_CASE_OR_PART_ENDS.findall(body))
    verdicts = dict(_VERDICT.findall(results))
    cases = {name: verdicts[name] for name in begun if name in verdicts}
    parts = {name: verdict for name, verdict in ended.items() if name not in cases}
    if (
        "Test suite was ABORTED" in results
        or not len(begun) == len(cases) == count
        or sum(verdict == "FAILED" for verdict in cases.values()) != failed
    ):
        raise VmError(
            f"xtest began {len(begun)} cases, gave a verdict for {len(cases)} "
            f"and counted {count}, {failed} of them failed"
        )
    return Verdicts(library, cases, parts, subtests, failed_subtests)


def differences(ours: Verdicts, theirs: Verdicts) -> Iterator[str]:
    """One line for each case or part of a case that is not the same in both."""
    for one, other in ((ours.cases, theirs.cases), (ours.parts, theirs.parts)):
        for name in dict.fromkeys((*one, *other)):
            if one.get(name) != other.get(name):
                yield _difference(name, one.get(name, "not run"), other.get(name, "not run"))


def _difference(what: str, ours: str, theirs: str) -> str:
    return f"{what}: {ours} over {LIBRARIES['ours']}, {theirs} over {LIBRARIES['debian']}"


def _totals(what: str, console: str) -> tuple[int, int]:
    found = re.search(rf"^(\d+) {what}s? of which (\d+) failed$", console, re.MULTILINE)
    if found is None:
        raise VmError(f"xtest did not say how many {what}s failed: it did not come to its end")
    return int(found[1]), int(found[2])

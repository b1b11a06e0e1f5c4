# SPDX-License-Identifier: BSD-2-Clause
"""Which release of Linux a kernel is for the fake: what probes find, beside what is known."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytee_client.fake import Kernel, LinuxRelease
from pytee_client.fake.kernel import release as releases
from pytee_client.fake.kernel.release import PROPERTIES

from .probes import PROBES, probe

if TYPE_CHECKING:
    from pytee_client.fake.kernel.release import Value

    from .ground import ProgramKernel
    from .probes import Answer

ADOPTING = "python -m tests.machines.optee --suite {stable,newest} properties --adopt"


class UnknownAnswerError(RuntimeError):
    """What a probe was answered is in no known release."""


class UnmodelledAnswerError(UnknownAnswerError):
    """What a probe was answered can't be the value of a property."""


@dataclass(frozen=True)
class Findings:
    """What a machine's kernel says of itself.

    Attributes:
        version: the version of Linux, such as "6.12.117".
        machine: what uname(2) says in full.
        answers: what the probes were answered, by the property.
    """

    version: str
    machine: str
    answers: dict[str, Answer]

    def to_json(self) -> str:
        return json.dumps({"machine": self.machine, "answers": self.answers}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Findings:
        found = json.loads(text)
        return cls(_version(found["machine"]), found["machine"], found["answers"])

    def values(self) -> dict[str, Value]:
        """Return the values that the answers stand for.

        Raises:
            UnmodelledAnswerError: one stands for none.
        """
        return {name: self._value(name, answer) for name, answer in self.answers.items()}

    def _value(self, name: str, answer: Answer) -> Value:
        values = PROBES[name].values
        if values is None and isinstance(answer, int):
            return answer
        if values is not None and answer in values:
            return values[answer]
        expected = "a number" if values is None else " or ".join(map(str, values))
        raise UnmodelledAnswerError(
            f"Linux {self.version} answers the probe of {name} with {answer}, where {expected}"
            " was expected: no release of the fake can be that. Model it in code first: as a"
            " property of pytee_client/fake/kernel/release.py with a probe in"
            " tests/fidelity/probes.py"
        )

    def release(self) -> LinuxRelease:
        """Return the release that the fake must be to do the same.

        Where there is no answer the value is that of the nearest known release.

        Raises:
            UnknownAnswerError: an answer is in no known release, or stands for no value.
        """
        values = self.values()
        for name, value in values.items():
            if LinuxRelease.first_with(name, value, self.version) is None:
                known = {getattr(release, name) for release in LinuxRelease.known()}
                raise UnknownAnswerError(
                    f"Linux {self.version} answers the probe of {name} with"
                    f" {self.answers[name]}: {name} is {value}, but in the known releases"
                    f" {', '.join(map(str, sorted(known)))}. If that is right, adopt it, with the"
                    f" suite of this machine: {ADOPTING}"
                )
        changes: dict[str, Any] = {**values, "version": self.version}
        return replace(LinuxRelease.nearest(self.version), **changes)

    def surprises(self) -> Iterator[str]:
        """Yield a line for each property that the nearest known release has otherwise."""
        nearest = LinuxRelease.nearest(self.version)
        for name, value in self.values().items():
            if value != getattr(nearest, name):
                first = LinuxRelease.first_with(name, value, self.version)
                where = f"known since {first.version}" if first is not None else "in no known one"
                if value is False and first is not None:
                    where = f"as {first.version}, and unlike {nearest.version}"
                yield f"Linux {self.version} {_said(name, value)}, {where}"


def find(kernel: ProgramKernel, path: str = "/dev/tee0") -> Findings:
    """Probe a kernel through one of its devices."""
    if isinstance(kernel, Kernel):
        machine = f"{kernel.release.version} fake"
    else:
        system = os.uname()
        machine = f"{system.release} {system.machine} {system.version}"
    return Findings(_version(machine), machine, probe(kernel, path))


def adopt(found: str | bytes) -> str:
    """Write a machine's findings into the table of known releases; return what was done.

    What probes can't ask is as in the nearest known release; if that is this very one, what
    was measured of it otherwise stays.

    Args:
        found: what `python -m tests.fidelity properties` wrote there.

    Raises:
        UnmodelledAnswerError: an answer can't be the value of a property.
    """
    findings = Findings.from_json(found)
    nearest = LinuxRelease.nearest(findings.version)
    table = json.loads(releases.TABLE.read_text(encoding="utf-8"))["releases"]
    before = [entry["measured"] for entry in table if entry["version"] == findings.version]
    measured = {name: value for entry in before for name, value in entry.items()}
    measured |= findings.values()
    inferred = {name: getattr(nearest, name) for name in PROPERTIES if name not in measured}
    entry = {
        "version": findings.version,
        "machine": findings.machine,
        "measured": measured,
        "inferred": inferred,
    }
    kept = [other for other in table if other["version"] != findings.version]
    # Numbers count in a version, not letters.
    table = sorted([*kept, entry], key=lambda one: [int(n) for n in one["version"].split(".")])
    text = json.dumps({"releases": table}, indent=1) + "\n"
    releases.TABLE.write_text(text, encoding="utf-8")
    return (
        f"Linux {findings.version} is known now, with {len(measured)} properties as measured and"
        f" {', '.join(inferred) or 'none'} as in {nearest.version}"
    )


def _said(name: str, value: Value) -> str:
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name} {value}"


def _version(machine: str) -> str:
    found = re.match(r"\d+\.\d+(?:\.\d+)?", machine)
    if found is None:
        raise ValueError(f"not what uname(2) says of Linux: {machine}")
    return found.group()

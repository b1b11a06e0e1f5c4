# SPDX-License-Identifier: BSD-2-Clause
"""What came of programs on two kernels, and which steps of one that differs play a part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pytee_client.kernels import uapi

from .interpreter import Ground, Outcome, Transcript, run
from .program import InChild, Ioctl, Program, Step

_REQUESTS = {getattr(uapi, name): name for name in dir(uapi) if name.startswith("TEE_IOC_")}
_INTO_THE_TEE = (uapi.TEE_IOC_OPEN_SESSION, uapi.TEE_IOC_INVOKE)


class Tally:
    """A count of what was compared.

    Attributes:
        programs: how many.
        steps: how many they had.
        outcomes: how often the first kernel answered what.
    """

    def __init__(self) -> None:
        self.programs = 0
        self.steps = 0
        self.outcomes: Counter[str] = Counter()

    def add(self, program: Program, transcript: Transcript) -> None:
        """Count a program."""
        self.programs += 1
        self.steps += len(program)
        for name, step in program.items():
            self.outcomes[_kind(step, transcript[name])] += 1

    def lines(self) -> Iterator[str]:
        """Write the outcomes down."""
        for outcome, times in sorted(self.outcomes.items()):
            yield f"{times:8} {outcome}"


def _kind(step: Step, outcome: Outcome) -> str:
    if isinstance(step, InChild):
        return f"child's {_kind(step.step, outcome)}"
    if not isinstance(step, Ioctl):
        return f"{type(step).__name__}: {outcome.result}"
    kind = f"{_REQUESTS.get(step.request, 'another request')}: {outcome.result}"
    if step.request in _INTO_THE_TEE and outcome.answer:
        kind += ", {:08x} of {}".format(*outcome.answer)
    return kind


@dataclass(frozen=True)
class Difference:
    """A program with what came of it on two kernels, which is not the same."""

    program: Program
    one: Transcript
    other: Transcript

    def lines(self) -> Iterator[str]:
        """Write the program down, with what differs."""
        for name, one in self.one.items():
            other = self.other[name]
            step: Step | str = self.program.get(name, "at the end")
            if one == other:
                yield f"  {name} = {step}: {one.result} {one.answer or ''}"
                continue
            yield f"* {name} = {step}"
            yield f"      {one}"
            yield f"      {other}"


class Comparison:
    """Two kernels to run programs on.

    Attributes:
        tally: what was compared.
    """

    def __init__(self, one: Ground, other: Ground) -> None:
        self._grounds = one, other
        self.tally = Tally()

    def difference(self, program: Program) -> Difference | None:
        """Run a program on both; None if nothing differs."""
        found = self._run(program)
        self.tally.add(program, found.one)
        return found if found.one != found.other else None

    def shortest(self, found: Difference) -> Difference:
        """Take steps away for as long as something differs.

        What differs by chance may be gone when it is run again; then it stays as it was.
        """
        first = next(n for n, name in enumerate(found.one) if found.one[name] != found.other[name])
        kept = list(found.program)[: first + 1]
        size = len(kept)
        while size:
            for start in reversed(range(0, len(kept), size)):
                fewer = kept[:start] + kept[start + size :]
                shorter = self._run({name: found.program[name] for name in fewer})
                if shorter.one != shorter.other:
                    found, kept = shorter, fewer
            size //= 2
        return found

    def _run(self, program: Program) -> Difference:
        one, other = (run(ground, program) for ground in self._grounds)
        return Difference(program, one, other)

# SPDX-License-Identifier: BSD-2-Clause
"""Running a program on two kernels, and taking from one on which they differ what plays no part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytee_client.enums import Origin, Result
from pytee_client.fake import uapi

from .interpreter import Ground, Outcome, Transcript, run
from .program import Ioctl, Program, Step

_REQUESTS = {getattr(uapi, name): name for name in dir(uapi) if name.startswith("TEE_IOC_")}

# OP-TEE's heap runs out after some hundred programs, and what the fake has does not.
_EXHAUSTED = (Result.OUT_OF_MEMORY, Origin.TEE)
_INTO_THE_TEE = (uapi.TEE_IOC_OPEN_SESSION, uapi.TEE_IOC_INVOKE)


@dataclass(frozen=True)
class Difference:
    """A program, as short as it still shows one, and what came of it on both kernels."""

    program: Program
    one: Transcript
    other: Transcript

    @property
    def is_exhaustion(self) -> bool:
        """Whether the first kernel's TEE had no more memory, and may differ from there on."""
        pairs = ((self.one[name], self.other[name]) for name in self.one)
        first = next((one for one, other in pairs if one != other), None)
        return first is not None and first.answer == _EXHAUSTED

    def lines(self) -> Iterator[str]:
        """Write the program down, with what differs."""
        for name, (one, other) in _pairs(self.one, self.other):
            step: Step | str = self.program.get(name, "at the end")
            if one == other:
                yield f"  {name} = {step}: {one.result} {one.answer or ''}"
                continue
            yield f"* {name} = {step}"
            yield f"      {one}"
            yield f"      {other}"


def _pairs(one: Transcript, other: Transcript) -> Iterator[tuple[str, tuple[Outcome, Outcome]]]:
    return ((name, (one[name], other[name])) for name in one)


class Comparison:
    """What is to be found out about two kernels.

    Attributes:
        steps: how many were compared.
        outcomes: how often the first kernel answered what.
    """

    def __init__(self, one: Ground, other: Ground) -> None:
        self._grounds = one, other
        self.steps = 0
        self.outcomes: dict[str, int] = {}

    def difference(self, program: Program) -> Difference | None:
        """Run a program on both; None if nothing differs."""
        found = self._run(program)
        self.steps += len(program)
        for name, outcome in found.one.items():
            step = program.get(name)
            if step is not None:
                key = f"{_kind(step)}: {outcome.result}"
                if isinstance(step, Ioctl) and step.request in _INTO_THE_TEE and outcome.answer:
                    key += ", {:08x} of {}".format(*outcome.answer)
                self.outcomes[key] = self.outcomes.get(key, 0) + 1
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


def _kind(step: Step) -> str:
    if not isinstance(step, Ioctl):
        return type(step).__name__
    return _REQUESTS.get(step.request, "another request")

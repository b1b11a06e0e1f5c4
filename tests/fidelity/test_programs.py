# SPDX-License-Identifier: BSD-2-Clause
"""Random programs on the fake alone: what holds of any kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from pytee_client.enums import Origin, Result
from pytee_client.fake import Kernel
from pytee_client.fake.applications import Conformance, HelloWorld
from pytee_client.fake.applications.conformance import Command
from pytee_client.kernels import uapi

from .comparison import Comparison
from .generator import programs
from .interpreter import Ground, run
from .program import ARGUMENT, BUFFER, Ioctl, Open, Program, Ref, Step, allocate, invoke, version

SEED = 20
PROGRAMS = 60


@pytest.fixture(params=[False, True], ids=["supplicant", "teepriv"])
def teepriv(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def grounds(teepriv: bool) -> Iterator[tuple[Ground, Ground]]:
    one, other = (Ground(Kernel(), teepriv=teepriv) for _ in range(2))
    yield one, other
    one.close()
    other.close()


def some(teepriv: bool) -> list[Program]:
    return [program for _, program in programs(SEED, PROGRAMS, teepriv=teepriv)]


def test_the_same_seed_makes_the_same_programs(teepriv: bool) -> None:
    assert some(teepriv) == some(teepriv)
    others = [program for _, program in programs(SEED + 1, PROGRAMS, teepriv=teepriv)]
    assert some(teepriv) != others


def test_without_a_supplicant_no_program_asks_for_what_it_would_load() -> None:
    loaded_by_it = {Conformance.uuid.bytes, HelloWorld.uuid.bytes}
    openings = [
        step
        for _, program in programs(701, 400, teepriv=True)
        for step in program.values()
        if isinstance(step, Ioctl) and step.request == uapi.TEE_IOC_OPEN_SESSION
    ]
    assert len(openings) > 100
    for opening in openings:
        # Elsewhere its parts could lie in each other.
        assert (opening.argument, opening.pokes[0].at) == (ARGUMENT, BUFFER)
        assert opening.pokes[0].values[0] not in loaded_by_it


def test_a_program_has_the_same_outcome_on_an_equal_kernel(
    grounds: tuple[Ground, Ground], teepriv: bool
) -> None:
    one, other = grounds
    for program in some(teepriv):
        assert run(one, program) == run(other, program)


def test_no_step_crashes_the_kernel_and_no_program_leaks(
    grounds: tuple[Ground, Ground], teepriv: bool
) -> None:
    for program in some(teepriv):
        transcript = run(grounds[0], program)
        assert transcript.pop("end").result == 0
        for name, outcome in transcript.items():
            known = re.fullmatch("0|fd|address|E[A-Z0-9]+|nothing to unmap", str(outcome.result))
            assert known, (program[name], outcome)
    # All memory was given back: the next block is the first again.
    assert run(grounds[0], {"a": allocate(Ref("device"), 1)})["a"].answer == (4096, 1)


def test_programs_get_as_far_as_the_trusted_applications(
    grounds: tuple[Ground, Ground], teepriv: bool
) -> None:
    comparison = Comparison(*grounds)
    for program in some(teepriv):
        assert comparison.difference(program) is None
    calls = {key: count for key, count in comparison.tally.outcomes.items() if "INVOKE:" in key}
    served = sum(count for key, count in calls.items() if key.endswith("of 4"))
    assert served > sum(calls.values()) / 5


def test_a_dead_session_is_dead_for_its_program_alone() -> None:
    ground = Ground(Kernel())
    panic = {"a": invoke(Ref("device"), Ref("conformance.session"), Command.PANIC)}
    for _ in range(2):
        assert run(ground, panic)["a"].answer == (Result.TARGET_DEAD, Origin.TEE)
    ground.close()


def test_a_difference_is_shown_without_the_steps_that_play_no_part() -> None:
    less = Kernel("optee-no-reg-mem")
    grounds = Ground(Kernel()), Ground(less)
    comparison = Comparison(*grounds)
    device = Ref("device")
    steps: list[Step] = [
        Open(),
        allocate(device, 1),
        version(device),
        version(Ref("s0")),
        allocate(device, 2),
    ]
    found = comparison.difference({f"s{n}": step for n, step in enumerate(steps)})
    assert found is not None
    shortest = comparison.shortest(found)
    assert shortest.program in ({"s2": version(device)}, {"s0": Open(), "s3": version(Ref("s0"))})
    assert any(line.startswith("*") for line in shortest.lines())
    for ground in grounds:
        ground.close()

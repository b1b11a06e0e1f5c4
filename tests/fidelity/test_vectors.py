# SPDX-License-Identifier: BSD-2-Clause
"""What the TEE subsystem answers to single system calls, on the fake and on the real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from ..support.linux_kernel import LinuxKernel
from ..support.targets import Target
from .ground import Ground, ProgramKernel
from .interpreter import run
from .vectors import VECTORS, Vector

pytestmark = pytest.mark.optee_only


@pytest.fixture(scope="module")
def ground(target: Target) -> Iterator[Ground]:
    ground = Ground(cast(ProgramKernel, target.kernel or LinuxKernel()))
    yield ground
    ground.close()


@pytest.mark.parametrize(
    "vector",
    [
        pytest.param(vector, id=vector.claim, marks=[pytest.mark.once] if vector.reg_mem else [])
        for vector in VECTORS
    ],
)
def test_the_kernel_answers(target: Target, ground: Ground, vector: Vector) -> None:
    transcript = run(ground, vector.program)
    outcome = transcript[list(vector.program)[-1]]
    assert vector.is_met_by(outcome, target.release), outcome
    if str(vector.result_on(target.release)).startswith("E"):
        assert not outcome.changes, "a failed call writes nothing"
    assert transcript["end"].result == 0

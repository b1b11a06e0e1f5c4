# SPDX-License-Identifier: BSD-2-Clause
"""What a test runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._hint_types import Backend
from ..context import Context
from ..kernels import Kernel
from .faults import TeeFaults

__all__ = ["TeeBackend"]


@dataclass(frozen=True, slots=True)
class TeeBackend:
    """The TEE that a test runs on; what the fixture tee_backend gives.

    Attributes:
        name: its name, as of --tee.
        device: the path of its device.
        backend: what answers a context, as of Context(backend=...): "linux", or a kernel with the
            faults of the test that records what it answers if that is wanted.
        kernel: the kernel below: a fake.Kernel, a TracePlayer, or None for Linux.
        is_real: whether there is a TEE behind it, and not a fake or a cassette.
        faults: what strikes its calls; None if the test has not asked for faults.
    """

    name: str
    device: str
    backend: Backend
    kernel: Kernel | None
    is_real: bool
    faults: TeeFaults | None = None

    def open_context(self, **options: Any) -> Context:
        """Open a context on the device, which the test has to close.

        Args:
            options: those of Context(), without the backend.

        Raises:
            TeecError: as of Context().
        """
        return Context(self.device, backend=self.backend, **options)

    def __str__(self) -> str:
        return self.name

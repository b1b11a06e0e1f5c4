# SPDX-License-Identifier: BSD-2-Clause
"""Types for the hints of programs that use this package.

Programs that only check types lose nothing by it; at run time this module imports typing, which
the package itself does without.
"""

from __future__ import annotations

from ._calls.prepared import PreparedCommand
from ._hint_types import Backend, FileDescriptorLike
from ._outputs import Output, Outputs
from ._parameter import OutputParameter
from ._stand_ins import Buffer
from .kernels.kernel import Kernel
from .parameters import InputParameter, Parameter

__all__ = [
    "Backend",
    "Buffer",
    "FileDescriptorLike",
    "InputParameter",
    "Kernel",
    "Output",
    "OutputParameter",
    "Outputs",
    "Parameter",
    "PreparedCommand",
]

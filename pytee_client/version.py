# SPDX-License-Identifier: BSD-2-Clause
"""What a device says of itself."""

from __future__ import annotations

from ._stand_ins import NamedTuple
from .enums import GenericCapabilities, ImplementationId

__all__ = ["Version"]


class Version(
    NamedTuple(
        "Version",
        [
            ("backend", str),
            ("implementation_id", int),
            ("implementation_capabilities", int),
            ("generic_capabilities", GenericCapabilities),
        ],
    )
):
    """What a device says of itself (uAPI struct tee_ioctl_version_data).

    Attributes:
        backend: "linux" for a device of the running kernel, "fake" for the fake kernel,
            else the name of the type of the context's kernel. A kernel that passes calls on
            (pytee_client.kernels.ProxyKernel) has the backend of the other kernel.
        implementation_id: the driver, an ImplementationId if the number has a name.
        implementation_capabilities: bits whose meaning is the driver's.
        generic_capabilities: what it can do.
    """

    __slots__ = ()


def known_implementation(number: int) -> int:
    """Return an ImplementationId if the number has a name, else the number."""
    try:
        return ImplementationId(number)
    except ValueError:
        return number

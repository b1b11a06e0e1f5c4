# SPDX-License-Identifier: BSD-2-Clause
"""What a device says of itself."""

from __future__ import annotations

from ._named_tuple import NamedTuple
from .enums import GenericCapabilities, ImplementationId

__all__ = ["Version"]


class Version(NamedTuple):
    """What a device says of itself (uAPI struct tee_ioctl_version_data).

    Attributes:
        backend: "linux" for a device of the running kernel, "fake" for the fake kernel,
            else the type of the kernel that the context was given; of one that passes calls
            on (pytee_client.kernels.ProxyKernel), what this is of the other one.
        implementation_id: the driver, an ImplementationId where it is known.
        implementation_capabilities: bits whose meaning is the driver's.
        generic_capabilities: what it can do.
    """

    backend: str
    implementation_id: int
    implementation_capabilities: int
    generic_capabilities: GenericCapabilities


def known_implementation(number: int) -> int:
    try:
        return ImplementationId(number)
    except ValueError:
        return number

# SPDX-License-Identifier: BSD-2-Clause
"""The constants of the TEE Client API and of the kernel's interface, as enumerations.

Names are the specification's without their prefix. The values are written out
for readers and type checkers; the tests compare each with the C compiler's.
"""

from enum import IntEnum, IntFlag

__all__ = [
    "GenericCapabilities",
    "ImplementationId",
    "Login",
    "MemoryFlags",
    "OperationState",
    "Origin",
    "Result",
]


class Result(IntEnum):
    """Results that have a name (GPD_SPE_007 4.4.2, its errata, and related specifications).

    A Trusted Application may return any other 32-bit code.
    """

    SUCCESS = 0x00000000
    CORRUPT_OBJECT = 0xF0100001
    CORRUPT_OBJECT_2 = 0xF0100002
    STORAGE_NOT_AVAILABLE = 0xF0100003
    STORAGE_NOT_AVAILABLE_2 = 0xF0100004
    UNSUPPORTED_VERSION = 0xF0100005
    CIPHERTEXT_INVALID = 0xF0100006
    ISOCKET_PROTOCOL = 0xF1007001
    ISOCKET_REMOTE_CLOSED = 0xF1007002
    ISOCKET_TIMEOUT = 0xF1007003
    ISOCKET_OUT_OF_RESOURCES = 0xF1007004
    ISOCKET_LARGE_BUFFER = 0xF1007005
    ISOCKET_WARNING_PROTOCOL = 0xF1007006
    ISOCKET_HOSTNAME = 0xF1007007
    ISOCKET_TCP_WARNING_UNKNOWN_OUT_OF_BAND = 0xF1010002
    ISOCKET_UDP_WARNING_UNKNOWN_OUT_OF_BAND = 0xF1020002
    GENERIC = 0xFFFF0000
    ACCESS_DENIED = 0xFFFF0001
    CANCEL = 0xFFFF0002
    ACCESS_CONFLICT = 0xFFFF0003
    EXCESS_DATA = 0xFFFF0004
    BAD_FORMAT = 0xFFFF0005
    BAD_PARAMETERS = 0xFFFF0006
    BAD_STATE = 0xFFFF0007
    ITEM_NOT_FOUND = 0xFFFF0008
    NOT_IMPLEMENTED = 0xFFFF0009
    NOT_SUPPORTED = 0xFFFF000A
    NO_DATA = 0xFFFF000B
    OUT_OF_MEMORY = 0xFFFF000C
    BUSY = 0xFFFF000D
    COMMUNICATION = 0xFFFF000E
    SECURITY = 0xFFFF000F
    SHORT_BUFFER = 0xFFFF0010
    EXTERNAL_CANCEL = 0xFFFF0011
    TIMEOUT = 0xFFFF3001
    OVERFLOW = 0xFFFF300F
    TARGET_DEAD = 0xFFFF3024
    STORAGE_NO_SPACE = 0xFFFF3041
    MAC_INVALID = 0xFFFF3071
    SIGNATURE_INVALID = 0xFFFF3072
    TIME_NOT_SET = 0xFFFF5000
    TIME_NEEDS_RESET = 0xFFFF5001


class Origin(IntEnum):
    """The layer that a result comes from (GPD_SPE_007 4.4.3)."""

    API = 1
    """This library, before anything was sent."""
    COMMS = 2
    """The way to the TEE: the kernel and its driver."""
    TEE = 3
    """The TEE itself."""
    TRUSTED_APP = 4
    """The Trusted Application, which defines what its codes mean."""


class Login(IntEnum):
    """Who the client says it is when it opens a session (GPD_SPE_007 4.4.5)."""

    PUBLIC = 0
    """Nobody in particular."""
    USER = 1
    """The user that runs the program; Linux vouches for the effective uid."""
    GROUP = 2
    """A group that the user is in; Linux checks the membership."""
    APPLICATION = 4
    """The program itself; mainline Linux refuses this login."""
    USER_APPLICATION = 5
    """The program, run by this user; mainline Linux refuses this login."""
    GROUP_APPLICATION = 6
    """The program, run by this group; mainline Linux refuses this login."""


class MemoryFlags(IntFlag):
    """Directions of shared memory (GPD_SPE_007 4.4.4), seen from the Trusted Application."""

    INPUT = 1
    OUTPUT = 2
    INOUT = 3


class ImplementationId(IntEnum):
    """The drivers of the Linux TEE subsystem (uAPI TEE_IMPL_ID_*)."""

    OPTEE = 1
    AMDTEE = 2
    TSTEE = 3
    QTEE = 4


class GenericCapabilities(IntFlag):
    """The capabilities of a device (uAPI TEE_GEN_CAP_*)."""

    GP = 0x01
    """Speaks the GlobalPlatform TEE Client API."""
    PRIVILEGED = 0x02
    """Serves the supplicant, not clients."""
    REG_MEM = 0x04
    """Shares memory of the program's own."""
    MEMREF_NULL = 0x08
    """Carries null memory references."""
    OBJREF = 0x10
    """Carries object references."""


class OperationState(IntEnum):
    """How far an Operation is."""

    IDLE = 0
    """Not started."""
    REQUESTED = 1
    """Cancelled before its start."""
    SENT = 2
    """With the kernel, or on its way there."""
    DONE = 3
    """Over."""

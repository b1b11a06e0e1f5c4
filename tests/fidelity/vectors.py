# SPDX-License-Identifier: BSD-2-Clause
"""What the TEE subsystem answers to single system calls.

Of memory by descriptor, of user buffers as parameters and of what only other drivers do there
is no more than what a kernel says that does not know them.

What differs between releases of Linux is told by their properties: has().
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from pytee_client.enums import Origin, Result
from pytee_client.fake import LinuxRelease, ParamType
from pytee_client.fake.applications.conformance import Command
from pytee_client.fake.kernel.release import PROPERTIES
from pytee_client.kernels import uapi

from ..support.targets import Target
from .process import Outcome
from .program import (
    ARGUMENT,
    NONE,
    PAGE,
    Close,
    Dup,
    Ioctl,
    Map,
    Open,
    Param,
    Program,
    Ref,
    Step,
    allocate,
    cancel,
    close_session,
    invoke,
    open_session,
    register,
    version,
)

DEVICE = Ref("device")
SESSION = Ref("conformance.session")
PSEUDO_SESSION = Ref("invoke-tests.session")
MEMORY = Ref("writable", PAGE)
BLOCK = allocate(DEVICE, 2 * PAGE)
OPEN, INVOKE = uapi.OPEN_SESSION_ARG.size, uapi.INVOKE_ARG.size
VALUE: Param = (ParamType.VALUE_INPUT, 0, 0, 0)
UNKNOWN = UUID("e1a44ab1-8f6e-4d0c-8e4d-94a8a6a1f3a7")
SUCCESS = (Result.SUCCESS, Origin.TRUSTED_APP)
# Sizes that are no pages, as the number of bytes in them has 64 bits.
NO_PAGES = (
    ("nothing", 0),
    ("the largest number", 2**64 - 1),
    ("the smallest that rounds to 2**64", 2**64 - PAGE + 1),
)


def memref(number: int | Ref, offset: int = 0, size: int = 0) -> Param:
    return ParamType.MEMREF_INPUT, offset, size, number


Expected: TypeAlias = "int | str | tuple[int, ...]"


@dataclass(frozen=True)
class Has:
    """What is expected where a release has a property, and where it has not."""

    name: str
    result: Expected
    otherwise: Expected

    def on(self, release: LinuxRelease) -> Expected:
        """Return what is expected on a release."""
        return self.result if getattr(release, self.name) else self.otherwise


def has(name: str, result: Expected, *, otherwise: Expected) -> Has:
    """Make one; the name must be that of a property."""
    if name not in PROPERTIES:
        raise ValueError(f"no property of a LinuxRelease: {name}")
    return Has(name, result, otherwise)


@dataclass(frozen=True)
class Vector:
    """Steps called a, b, ..., and what the last of them comes to.

    Attributes:
        claim: what it is about.
        program: the steps.
        result: what the call returns, see Outcome.
        answer: the code and the origin, or the size and the id, if they matter.
        reg_mem: whether it is about the capability REG_MEM.
    """

    claim: str
    program: Program
    result: int | str | Has
    answer: tuple[int, ...] | None
    reg_mem: bool

    def result_on(self, release: LinuxRelease) -> Expected:
        """Return what the last step returns on a release."""
        return self.result.on(release) if isinstance(self.result, Has) else self.result

    def is_met_by(self, outcome: Outcome, release: LinuxRelease) -> bool:
        """Return whether what came of the last step is what is expected of a release."""
        expected = self.result_on(release)
        return outcome.result == expected and self.answer in (None, outcome.answer)


def vector(
    claim: str,
    *steps: Step,
    result: int | str | Has,
    answer: tuple[int, ...] | None = None,
    reg_mem: bool = False,
) -> Vector:
    """Make one."""
    program = dict(zip("abcd", steps, strict=False))
    return Vector(claim, program, result, answer, reg_mem)


EMPTY = has("rejects_empty_allocations", "EINVAL", otherwise="ENOMEM")


def group(gid: int) -> bytes:
    return gid.to_bytes(4, "little") + bytes(12)


VECTORS = [
    vector("version at null", version(DEVICE, 0), result="EFAULT"),
    vector("unknown request", Ioctl(DEVICE, 0x8010A40B, ARGUMENT), result="EINVAL"),
    vector("wrong size", Ioctl(DEVICE, 0x8010A400, ARGUMENT), result="EINVAL"),
    vector("wrong direction", Ioctl(DEVICE, 0x400CA400, ARGUMENT), result="EINVAL"),
    vector("opening at null", open_session(DEVICE, at=0), result="EFAULT"),
    vector("too short for its header", open_session(DEVICE, length=OPEN - 1), result="EINVAL"),
    vector("too long", open_session(DEVICE, length=4097), result="EINVAL"),
    vector("its buffer at null", open_session(DEVICE, buffer=0), result="EFAULT"),
    vector("parameters missing", open_session(DEVICE, count=1), result="EINVAL"),
    vector("parameters too many", open_session(DEVICE, [NONE], count=0), result="EINVAL"),
    *(
        vector(f"attr {attr:#x}", open_session(DEVICE, [(attr, 0, 0, 0)]), result="EINVAL")
        for attr in (0x200, 4, 14, 0xFF)
    ),
    vector("memref of an unknown id", open_session(DEVICE, [memref(12345)]), result="EINVAL"),
    vector("null memref", open_session(DEVICE, [memref(2**64 - 1)]), result=0, answer=SUCCESS),
    vector("memref of half a null", open_session(DEVICE, [memref(2**32 - 1)]), result="EINVAL"),
    vector(
        "memref of an id with more above 32 bits",
        BLOCK,
        open_session(DEVICE, [memref(Ref("a.id", 1 << 32), 0, 8)]),
        result=0,
        answer=SUCCESS,
    ),
    *(
        vector(f"kernel login {login:#x}", open_session(DEVICE, login=login), result="EPERM")
        for login in (0x80000000, 0xBFFFFFFF)
    ),
    vector(
        "kernel login with a wrong parameter",
        open_session(DEVICE, [(4, 0, 0, 0)], login=0x80000000),
        result="EINVAL",
    ),
    *(
        vector(f"login {login:#x}", open_session(DEVICE, login=login), result="EINVAL")
        for login in (3, 4, 5, 6, 0xC0000000)
    ),
    vector("group not held", open_session(DEVICE, login=2, client=group(54321)), result="EPERM"),
    vector("opening with five parameters", open_session(DEVICE, [NONE] * 5), result="EINVAL"),
    vector("META", open_session(DEVICE, [(uapi.META | 1, 0, 0, 0)]), result="EINVAL"),
    vector("user buffer", open_session(DEVICE, [(8, MEMORY, 8, 0)]), result="EINVAL"),
    vector(
        "unknown application",
        open_session(DEVICE, uuid=UNKNOWN),
        result=0,
        answer=(Result.ITEM_NOT_FOUND, Origin.TEE),
    ),
    vector("session 0", invoke(DEVICE, 0, 0), result="EINVAL"),
    vector("another's session", Open(), invoke(Ref("a"), SESSION, 0), result="EINVAL"),
    *(
        vector(
            f"invoking with {count} parameters",
            invoke(DEVICE, SESSION, 0, [NONE] * count),
            result=0,
            answer=(Result.BAD_PARAMETERS, Origin.TEE),
        )
        for count in (5, 6)
    ),
    vector("seven parameters", invoke(DEVICE, SESSION, 0, [NONE] * 7), result="EINVAL"),
    vector("cancelling", cancel(DEVICE, SESSION, 77), result=0),
    vector("cancelling in session 0", cancel(DEVICE, 0), result="EINVAL"),
    vector("cancelling at null", cancel(DEVICE, SESSION, at=0), result="EFAULT"),
    vector(
        "closing a session twice",
        open_session(DEVICE, uuid=Target.HELLO_WORLD),
        close_session(DEVICE, Ref("a.session")),
        close_session(DEVICE, Ref("a.session")),
        result="EINVAL",
    ),
    vector(
        "closing a session",
        open_session(DEVICE, uuid=Target.HELLO_WORLD),
        close_session(DEVICE, Ref("a.session")),
        result=0,
    ),
    *(
        vector(f"request {request:#x} at null", Ioctl(DEVICE, request, 0), result="EINVAL")
        for request in (
            uapi.TEE_IOC_SUPPL_RECV,
            uapi.TEE_IOC_SUPPL_SEND,
            uapi.TEE_IOC_OBJECT_INVOKE,
        )
    ),
    vector("a second open", Open(), Open(), result="fd"),
    vector("allocating with flags", allocate(DEVICE, PAGE, flags=1), result="EINVAL"),
    *(
        # Without the capability the memory is of another kind.
        vector(f"allocating {claim}", allocate(DEVICE, size), result=EMPTY, reg_mem=True)
        for claim, size in NO_PAGES
    ),
    vector("allocating half of all numbers", allocate(DEVICE, 1 << 63), result="ENOMEM"),
    vector("allocating 5000", allocate(DEVICE, 5000), result="fd", answer=(8192, 1)),
    vector("allocating 20480", allocate(DEVICE, 20480), result="fd", answer=(20480, 1)),
    vector("allocating 4 MiB", allocate(DEVICE, 4 << 20), result="fd", answer=(4 << 20, 1)),
    vector("allocating more", allocate(DEVICE, (4 << 20) + 1), result="ENOMEM"),
    vector(
        "registering", register(DEVICE, MEMORY, 100), result="fd", answer=(100, 1), reg_mem=True
    ),
    vector("registering no one's", register(DEVICE, 1 << 63, PAGE), result="EFAULT"),
    vector("registering an overflow", register(DEVICE, MEMORY, 2**64 - 1), result="EFAULT"),
    vector("registering with flags", register(DEVICE, MEMORY, PAGE, flags=1), result="EINVAL"),
    vector("registering nothing", register(DEVICE, MEMORY, 0), result="ENOMEM", reg_mem=True),
    *(
        vector(
            f"registering {part} memory",
            register(DEVICE, Ref(part), PAGE),
            result="EFAULT",
            reg_mem=True,
        )
        for part in ("read-only", "forbidden")
    ),
    vector("registering at 4096", register(DEVICE, PAGE, 8), result="EFAULT", reg_mem=True),
    vector(
        "registering a mapping",
        BLOCK,
        Map(Ref("a"), PAGE),
        register(DEVICE, Ref("b"), PAGE),
        result="EFAULT",
        reg_mem=True,
    ),
    vector(
        "registering by descriptor",
        Ioctl(DEVICE, uapi.TEE_IOC_SHM_REGISTER_FD, ARGUMENT),
        result="EINVAL",
    ),
    vector(
        "mapping registered memory",
        register(DEVICE, MEMORY, PAGE),
        Map(Ref("a"), PAGE),
        result="EINVAL",
        reg_mem=True,
    ),
    vector("mapping a part", BLOCK, Map(Ref("a"), PAGE), result="address"),
    vector("mapping too much", BLOCK, Map(Ref("a"), 3 * PAGE), result="EINVAL"),
    vector("mapping from the second page on", BLOCK, Map(Ref("a"), PAGE, PAGE), result="address"),
    vector("mapping from the end on", BLOCK, Map(Ref("a"), PAGE, 2 * PAGE), result="EINVAL"),
    vector("mapping from within a page on", BLOCK, Map(Ref("a"), PAGE, 1), result="EINVAL"),
    vector(
        "a copy of a descriptor",
        Open(),
        Dup(Ref("a")),
        Close(Ref("a")),
        version(Ref("b")),
        result=0,
    ),
    vector(
        "a descriptor that is closed", Open(), Close(Ref("a")), version(Ref("a")), result="EBADF"
    ),
    vector("memory asked for its version", BLOCK, version(Ref("a")), result="ENOTTY"),
    vector(
        "a session of a device that is closed, and kept by its memory",
        Open(),
        allocate(Ref("a"), PAGE),
        Close(Ref("a")),
        Map(Ref("b"), PAGE),
        result="address",
    ),
    vector(
        "empty memref at the end, for a pseudo TA",
        BLOCK,
        invoke(DEVICE, PSEUDO_SESSION, 0, [memref(Ref("a.id"), 2 * PAGE)]),
        result=0,
        answer=SUCCESS,
        reg_mem=True,
    ),
    vector(
        "empty memref at the end, for a TA",
        BLOCK,
        invoke(DEVICE, SESSION, 0, [memref(Ref("a.id"), 2 * PAGE)]),
        result=0,
        answer=(Result.BAD_PARAMETERS, Origin.TRUSTED_APP),
        reg_mem=True,
    ),
    *(
        vector(
            f"memref around one of {claim} page",
            allocate(DEVICE, 3 * PAGE),
            open_session(DEVICE),
            invoke(
                DEVICE,
                Ref("b.session"),
                Command.MEMREF_FILL,
                [
                    memref(Ref("a.id"), offset, 8),
                    (ParamType.MEMREF_INOUT, 0, 3 * PAGE, Ref("a.id")),
                ],
            ),
            result=0,
            answer=answer,
        )
        for claim, offset, answer in (
            ("its first", 8, SUCCESS),
            ("its second", PAGE, (Result.TARGET_DEAD, Origin.TEE)),
            ("its last", 2 * PAGE, SUCCESS),
        )
    ),
    vector(
        "memref beyond the end",
        BLOCK,
        invoke(DEVICE, SESSION, 0, [memref(Ref("a.id"), 1, 2 * PAGE)]),
        result="EINVAL",
    ),
    vector(
        "memref around the end of numbers",
        BLOCK,
        invoke(DEVICE, SESSION, 0, [memref(Ref("a.id"), 2**64 - 1, 2)]),
        result="EINVAL",
    ),
    vector(
        "an id that was given back",
        BLOCK,
        BLOCK,
        Close(Ref("a")),
        BLOCK,
        result="fd",
        answer=(2 * PAGE, 1),
    ),
]

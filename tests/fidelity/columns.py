# SPDX-License-Identifier: BSD-2-Clause
"""What other devices than OP-TEE's for clients answer to the system calls of the vectors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from pytee_client.enums import Origin, Result
from pytee_client.fake import LinuxRelease
from pytee_client.kernels import uapi

from .process import Outcome
from .program import (
    ARGUMENT,
    NONE,
    PAGE,
    Close,
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
    invoke_object,
    open_session,
    receive,
    register,
    send,
    version,
)
from .vectors import (
    BLOCK,
    DEVICE,
    EMPTY,
    MEMORY,
    NO_PAGES,
    UNKNOWN,
    Expected,
    Has,
    group,
    has,
    memref,
)


class Column(Enum):
    """The devices, by the driver and the letter that they have where they are written down."""

    SUPPLICANT = "P"
    AMDTEE = "A"
    TSTEE = "S"
    QTEE = "Q"


_Given: TypeAlias = "Expected | Has | None"


@dataclass(frozen=True)
class Row:
    """Steps called a, b, ..., and what the last of them comes to on each device.

    Attributes:
        claim: what it is about.
        program: the steps.
        expected: the result, or the code and the origin, or the size and the id of what
            succeeds, by the device; none where the step makes no sense.
    """

    claim: str
    program: Program
    expected: dict[Column, Expected | Has]

    def is_met_by(self, outcome: Outcome, column: Column, release: LinuxRelease) -> bool:
        """Return whether what came of the last step is what is expected of a release."""
        expected = self.expected[column]
        if isinstance(expected, Has):
            expected = expected.on(release)
        if isinstance(expected, tuple):
            return outcome.result in (0, "fd") and outcome.answer == expected
        return outcome.result == expected


def row(
    claim: str,
    *steps: Step,
    all: _Given = None,
    p: _Given = None,
    a: _Given = None,
    s: _Given = None,
    q: _Given = None,
) -> Row:
    """Make one; `all` is for those not told apart."""
    columns = dict(zip(Column, (p, a, s, q), strict=True))
    expected = {column: all if own is None else own for column, own in columns.items()}
    program = dict(zip("abcdef", steps, strict=False))
    known = {column: result for column, result in expected.items() if result is not None}
    return Row(claim, program, known)


OPENED = open_session(DEVICE)
BAD_PARAMETERS = (Result.BAD_PARAMETERS, Origin.COMMS)
SUCCESS = (Result.SUCCESS, Origin.TRUSTED_APP)
# The driver of Trusted Services leaves the origin as it was.
SERVED = (Result.SUCCESS, 0x5A5A5A5A)
NOT_SUPPORTED = f"errno {uapi.ENOTSUPP}"
MEMREF_NULL = memref(2**64 - 1)
VALUE: Param = (uapi.ParamType.VALUE_INPUT, 0, 0, 0)
META: Param = (uapi.META | uapi.ParamType.VALUE_INPUT, 0, 0, 0)
_IN_KERNEL: Param = (uapi.ParamType.UBUF_INPUT, 1 << 63, 8, 0)
_USER_BUFFER: Param = (uapi.ParamType.UBUF_INPUT, MEMORY, 8, 0)
_SESSION = Ref("a.session")


def _invoke(params: list[Param], session: int | Ref = _SESSION) -> tuple[Step, Step]:
    return OPENED, invoke(DEVICE, session, 0, params)


ROWS = [
    row("version at null", version(DEVICE, 0), all="EFAULT"),
    row("unknown request", Ioctl(DEVICE, 0x8010A40B, ARGUMENT), all="EINVAL"),
    row("wrong size", Ioctl(DEVICE, 0x8010A400, ARGUMENT), all="EINVAL"),
    row("opening at null", open_session(DEVICE, at=0), p="EINVAL", all="EFAULT", q="EINVAL"),
    row("too short for its header", open_session(DEVICE, length=55), all="EINVAL"),
    row("too long", open_session(DEVICE, length=4097), all="EINVAL"),
    row("its buffer at null", open_session(DEVICE, buffer=0), p="EINVAL", all="EFAULT", q="EINVAL"),
    row("parameters missing", open_session(DEVICE, count=1), all="EINVAL"),
    row("parameters too many", open_session(DEVICE, [NONE], count=0), all="EINVAL"),
    *(
        row(f"attr {attr:#x}", open_session(DEVICE, [(attr, 0, 0, 0)]), all="EINVAL")
        for attr in (0x200, 4, 14, 0xFF)
    ),
    row("memref of an unknown id", open_session(DEVICE, [memref(12345)]), all="EINVAL"),
    row("null memref", open_session(DEVICE, [MEMREF_NULL]), all="EINVAL"),
    row("memref of half a null", open_session(DEVICE, [memref(2**32 - 1)]), all="EINVAL"),
    row(
        "memref of an id with more above 32 bits",
        BLOCK,
        open_session(DEVICE, [memref(Ref("a.id", 1 << 32), 0, 8)]),
        p="EINVAL",
        a=SUCCESS,
        s=SERVED,
        q="EINVAL",
    ),
    *(
        row(
            f"kernel login {login:#x}",
            open_session(DEVICE, login=login),
            p="EINVAL",
            all="EPERM",
            q="EINVAL",
        )
        for login in (0x80000000, 0xBFFFFFFF)
    ),
    row(
        "kernel login with a wrong parameter",
        open_session(DEVICE, [(4, 0, 0, 0)], login=0x80000000),
        all="EINVAL",
    ),
    *(
        row(f"login {login:#x}", open_session(DEVICE, login=login), all="EINVAL", s=SERVED)
        for login in (3, 4, 5, 6, 0xC0000000)
    ),
    row(
        "group not held",
        open_session(DEVICE, login=2, client=group(54321)),
        all="EINVAL",
        s=SERVED,
    ),
    row(
        "opening with five parameters",
        open_session(DEVICE, [NONE] * 5),
        all="EINVAL",
        a=BAD_PARAMETERS,
        s=SERVED,
    ),
    row("META", open_session(DEVICE, [META]), all="EINVAL", a=BAD_PARAMETERS, s=SERVED),
    row(
        "user buffer in the kernel",
        open_session(DEVICE, [_IN_KERNEL]),
        p="EINVAL",
        all=has("has_user_buffers", "EFAULT", otherwise="EINVAL"),
        q="EINVAL",
    ),
    row(
        "user buffer",
        open_session(DEVICE, [_USER_BUFFER]),
        all="EINVAL",
        a=has("has_user_buffers", BAD_PARAMETERS, otherwise="EINVAL"),
        s=has("has_user_buffers", SERVED, otherwise="EINVAL"),
    ),
    row(
        "unknown application",
        open_session(DEVICE, uuid=UNKNOWN),
        p="EINVAL",
        a="ENOMEM",
        s="ENODEV",
        q="EINVAL",
    ),
    row("a session that is not open", invoke(DEVICE, 0, 0, [VALUE]), all="EINVAL"),
    *(
        row(f"{count} parameters", *_invoke([NONE] * count), p="EINVAL", a=BAD_PARAMETERS)
        for count in (5, 6, 7)
    ),
    *(
        row(f"{count} parameters for a service", *_invoke([NONE] * count, 0), s=SERVED)
        for count in (5, 6, 7)
    ),
    row("cancelling", OPENED, cancel(DEVICE, _SESSION, 77), all="EINVAL"),
    row("cancelling in session 0", cancel(DEVICE, 0), all="EINVAL"),
    row("cancelling at null", cancel(DEVICE, 0, at=0), all="EINVAL", a="EFAULT"),
    row("closing a session", OPENED, close_session(DEVICE, _SESSION), a=0),
    row("closing a session of a service", OPENED, close_session(DEVICE, 0), s=0),
    row(
        "closing a session twice",
        OPENED,
        close_session(DEVICE, _SESSION),
        close_session(DEVICE, _SESSION),
        all="EINVAL",
    ),
    row(
        "receiving at null",
        receive(DEVICE, [], at=0),
        p="EFAULT",
        a="EINVAL",
        s="EINVAL",
        q="EFAULT",
    ),
    row("receiving without parameters", receive(DEVICE, []), all="EINVAL"),
    row(
        "answering what was not asked",
        send(DEVICE, 0, [(uapi.META | uapi.ParamType.VALUE_INOUT, 77, 0, 0)]),
        all="EINVAL",
        p="ENOENT",
    ),
    row("a second open", Open(), Open(), a="fd", s="fd", q="fd"),
    row("a second supplicant", Open("/dev/teepriv0"), p="EBUSY"),
    row("allocating with flags", allocate(DEVICE, PAGE, flags=1), all="EINVAL"),
    *(
        row(f"allocating {claim}", allocate(DEVICE, size), all=EMPTY, a="ENOMEM")
        for claim, size in NO_PAGES
    ),
    row("allocating half of all numbers", allocate(DEVICE, 1 << 63), all="ENOMEM"),
    row("allocating 5000", allocate(DEVICE, 5000), all=(8192, 1)),
    row("allocating 20480", allocate(DEVICE, 20480), all=(20480, 1), a=(32768, 1)),
    row("allocating 4 MiB", allocate(DEVICE, 4 << 20), all=(4 << 20, 1)),
    row("allocating more", allocate(DEVICE, (4 << 20) + 1), all="ENOMEM"),
    row("registering", register(DEVICE, MEMORY, 100), p=(100, 1), all=NOT_SUPPORTED),
    row("registering no one's", register(DEVICE, 1 << 63, PAGE), all="EFAULT"),
    row("registering an overflow", register(DEVICE, MEMORY, 2**64 - 1), all="EFAULT"),
    row("registering with flags", register(DEVICE, MEMORY, PAGE, flags=1), all="EINVAL"),
    row("registering nothing", register(DEVICE, MEMORY, 0), p="ENOMEM", all=NOT_SUPPORTED),
    *(
        row(
            f"registering {part} memory",
            register(DEVICE, Ref(part), PAGE),
            p="EFAULT",
            all=NOT_SUPPORTED,
        )
        for part in ("read-only", "forbidden")
    ),
    row(
        "registering a mapping",
        BLOCK,
        Map(Ref("a"), PAGE),
        register(DEVICE, Ref("b"), PAGE),
        p="EFAULT",
        all=NOT_SUPPORTED,
    ),
    row(
        "registering by descriptor",
        Ioctl(DEVICE, uapi.TEE_IOC_SHM_REGISTER_FD, ARGUMENT),
        all="EINVAL",
    ),
    row("mapping registered memory", register(DEVICE, MEMORY, 8), Map(Ref("a"), PAGE), p="EINVAL"),
    row("mapping from the second page on", BLOCK, Map(Ref("a"), PAGE, PAGE), all="address"),
    row("mapping too much", BLOCK, Map(Ref("a"), 3 * PAGE), all="EINVAL"),
    row("mapping from the end on", BLOCK, Map(Ref("a"), PAGE, 2 * PAGE), all="EINVAL"),
    row(
        "empty memref at the end",
        BLOCK,
        open_session(DEVICE, [memref(Ref("a.id"), 2 * PAGE)]),
        a=SUCCESS,
        s=SERVED,
    ),
    row(
        "memref beyond the end",
        BLOCK,
        open_session(DEVICE, [memref(Ref("a.id"), 1, 2 * PAGE)]),
        all="EINVAL",
    ),
    row(
        "memref around the end of numbers",
        BLOCK,
        open_session(DEVICE, [memref(Ref("a.id"), 2**64 - 1, 2)]),
        all="EINVAL",
    ),
    row(
        "an object at null", Ioctl(DEVICE, uapi.TEE_IOC_OBJECT_INVOKE, 0), all="EINVAL", q="EFAULT"
    ),
    row("an object that is not known", invoke_object(DEVICE, 5, 0, []), all="EINVAL"),
    row("releasing what is not known", invoke_object(DEVICE, 5, 0xFFFF, []), p="EINVAL", q=0),
    *(
        row(
            f"an object, with {claim}",
            invoke_object(DEVICE, 2**64 - 1, 1, [param]),
            q="EINVAL",
        )
        for claim, param in (("NONE", NONE), ("a value", VALUE), ("META", META))
    ),
    row("an id that was given back", BLOCK, BLOCK, Close(Ref("a")), BLOCK, all=(2 * PAGE, 1)),
]

# Those that a machine with OP-TEE can answer.
SUPPLICANT_ROWS = [row for row in ROWS if Column.SUPPLICANT in row.expected]

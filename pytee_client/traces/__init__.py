# SPDX-License-Identifier: BSD-2-Clause
"""Traces: what a program asks of a TEE device, recorded to a file and replayed as a device.

    with TraceRecorder("linux", "hello.trace") as recorder:
        with Context(backend=recorder) as context:
            ...

    with TracePlayer("hello.trace") as player:      # on another machine, years later
        with Context(backend=player) as context:
            ...                                     # the same calls, or TraceMismatchError

What is in a trace. Always: which calls were made, of which devices; the UUIDs of Trusted
Applications, logins and group numbers; numbers of sessions, of commands and of blocks of
memory; offsets and sizes; results and errors. Unless values=False: the numbers of value
parameters, which may be secrets too. Only with payloads=True: the contents of memory that
calls refer to; that needs a TracePayloadWarning, as it is what TEEs are there to protect.
Never: addresses, and the rest of the program's memory. A trace that the recorder creates
can be read by its owner only.

The format is JSON lines. The first line is the header:

    {"format": "pytee_client trace", "version": 1, "payloads": false, "values": true}

Each other line is one system call, written when it ended:

    call        the name of a SystemCall
    thread      of the program, counted from 0
    began,      when, on a clock that ticks once for each beginning and each end
    ended
    in          what was asked: path for OPEN, else the file (counted from 1; a number is one
                opening or one block of memory, and is not used again), the fields of the
                ioctl's structure by their names in linux/tee.h, and its params
    out         what came back: a new file or mapping, fields, and params
    errno       in place of out, the name or number of the error

A parameter has its attr and of a, b and c what the kernel reads (in "in") or writes (in
"out"); a memory reference or user buffer with a payload has it as data, in Base64. The
payload of an output is all of the memory that was given for it.
"""

from .errors import TraceFormatError, TraceMismatchError, TracePayloadWarning
from .player import TracePlayer
from .recorder import TraceRecorder

__all__ = [
    "TraceFormatError",
    "TraceMismatchError",
    "TracePayloadWarning",
    "TracePlayer",
    "TraceRecorder",
]

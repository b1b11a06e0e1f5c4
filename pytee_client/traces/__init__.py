# SPDX-License-Identifier: BSD-2-Clause
"""Traces: the system calls on a TEE device, recorded to a file and replayed from it.

    with TraceRecorder("linux", "hello.trace") as recorder:
        with Context(backend=recorder) as context:
            ...

    with TracePlayer("hello.trace") as player:      # on another machine, years later
        with Context(backend=player) as context:
            ...                                     # the same calls, or TraceMismatchError

A trace always has: the system calls and their devices; the UUIDs of Trusted Applications,
logins and group numbers; the numbers of sessions, commands and blocks of memory; offsets and
sizes; results and errors. Unless values=False it has the numbers of value parameters, which may
be secrets. Only with payloads=True it has the contents of memory, which TEEs are there to protect;
the recorder then warns with TracePayloadWarning. It never has addresses or other memory of the
program. Only the owner can read a trace that the recorder creates.

The format is JSON lines. The first line is the header:

    {"format": "pytee_client trace", "version": 1, "payloads": false, "values": true}

A header can also say when the recording began (recorded, in seconds since 1970), the name of the
program and the number of its process. Each other line is one system call, written when it ended:

    call        the name of a SystemCall
    thread      the thread, counted from 0
    began,      the times, on a clock that ticks at each start and each end of a call
    ended
    at          when it began, in microseconds after the recording did, if the trace has times
    took        how long it took, in microseconds, likewise
    in          the arguments: path for OPEN; otherwise the file (counted from 1, a new number
                for each opening and each block of memory), the fields of the structure of the
                ioctl by their names in linux/tee.h, and its params
    out         the results: a new file or mapping, fields, and params
    errno       instead of out, the name or number of the error
    late        for a call that was cancelled: how many seconds after that it came back

A parameter has its attr, and those of a, b and c that the kernel reads (in "in") or writes (in
"out"). With payloads, a memory reference or user buffer has its contents as data, in Base64. The
data of an output is all of the memory that was given for it.
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

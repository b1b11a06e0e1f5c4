# SPDX-License-Identifier: BSD-2-Clause
"""Threads that are the first to use something, at the same moment."""

from __future__ import annotations

import subprocess

from ...support.programs import program
from ...support.waiting import LIMIT

PROCESSES = 10
SCRIPT = """
import threading
from uuid import UUID
import pytee_client as tee
from pytee_client import fake

HELLO_WORLD = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")
kernel = fake.Kernel(fake.Optee(threads=8))
together = threading.Barrier(8)
errors = []

def use():
    together.wait()
    try:
        with tee.Context(backend=kernel) as context, context.open_session(HELLO_WORLD) as session:
            with context.allocate_shared_memory(8):
                assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)
    except BaseException as error:
        errors.append(error)

threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not errors, errors
kernel.assert_no_leaks()
"""


def test_threads_that_come_first_at_once_all_succeed() -> None:
    for _ in range(PROCESSES):
        subprocess.run(program(SCRIPT), check=True, timeout=LIMIT)

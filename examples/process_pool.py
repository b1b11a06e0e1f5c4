# SPDX-License-Identifier: BSD-2-Clause
"""Have a pool of processes run commands, each in a session of its own that it opens once."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from uuid import UUID

import pytee_client as tee

HELLO_WORLD = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")
INCREMENT = 0
WORKERS = 2


class Worker:
    """What a worker has: a process can't use what another has opened, nor its parent."""

    session: tee.Session


def open_session() -> None:
    Worker.session = tee.Context().open_session(HELLO_WORLD)


def increment(number: int) -> int:
    (value,) = Worker.session.invoke_command(INCREMENT, tee.ValueInOut(number))
    return value.a


def main(method: str) -> None:
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(WORKERS, context, initializer=open_session) as pool:
        print(method, list(pool.map(increment, range(10))))


if __name__ == "__main__":
    for method in sys.argv[1:] or ["fork", "spawn", "forkserver"]:
        main(method)

# SPDX-License-Identifier: BSD-2-Clause
"""Have many threads share a few sessions; on the fake kernel where there is no TEE."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytee_client as tee

HELLO_WORLD = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")
INCREMENT = 0


def main() -> None:
    with (
        tee.Context() as context,
        # Each caller waits at most 10 seconds, for a session and its command together.
        context.session_pool(HELLO_WORLD, size=3, timeout=10) as pool,
    ):

        def increment(number: int) -> int:
            (value,) = pool.invoke_command(INCREMENT, tee.ValueInOut(number))
            return value.a

        with ThreadPoolExecutor(20) as threads:
            print(sum(threads.map(increment, range(100))))

        # Several commands in one session.
        with pool.session() as session:
            for number in range(3):
                print(session.invoke_command(INCREMENT, tee.ValueInOut(number)))

        print(pool.stats)
        # At its end a program lets callers finish, but not for ever.
        pool.drain(timeout=5)


if __name__ == "__main__":
    main()

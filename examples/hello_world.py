# SPDX-License-Identifier: BSD-2-Clause
"""Have a Trusted Application increment a number; on the fake kernel where there is no TEE."""

from uuid import UUID

import pytee_client as tee

HELLO_WORLD = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")
INCREMENT = 0


def main() -> None:
    with tee.Context() as context, context.open_session(HELLO_WORLD) as session:
        (value,) = session.invoke_command(INCREMENT, tee.ValueInOut(42))
        print(value.a)


if __name__ == "__main__":
    main()

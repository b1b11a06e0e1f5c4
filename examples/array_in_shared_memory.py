# SPDX-License-Identifier: BSD-2-Clause
"""Have a Trusted Application write into an array of numpy, without a copy of it."""

from uuid import UUID

import numpy as np

import pytee_client as tee

RANDOM = UUID("b6c53aba-9669-4668-a7f2-205629d00f86")
GENERATE = 0


def main() -> None:
    with (
        tee.Context() as context,
        context.open_session(RANDOM) as session,
        context.allocate_shared_memory(4 * 8 * np.dtype(np.uint16).itemsize) as block,
    ):
        # The array is the memory that the TEE sees.
        numbers = np.frombuffer(block, np.uint16).reshape(4, 8)

        # So a row of it reaches the TEE as a part of the block.
        (row,) = session.invoke_command(GENERATE, tee.MemrefTempOutput(numbers[1]))

        # An output that is full has the type and the shape of the array.
        print(np.asarray(row).mean(), "is the mean of", numbers[1])
    # The block is closed, and the array keeps its content.
    print(numbers)


if __name__ == "__main__":
    main()

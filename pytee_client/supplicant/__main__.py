# SPDX-License-Identifier: BSD-2-Clause
"""python -m pytee_client.supplicant: the verb supplicant of the command line."""

import sys

from ..cli import main

if __name__ == "__main__":
    sys.exit(main(["supplicant", *sys.argv[1:]]))

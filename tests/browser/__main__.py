# SPDX-License-Identifier: BSD-2-Clause
"""The program that looks at pages."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from ..machines.process import VmError
from .chromium import BrowserError, opened_tab
from .looks import look_at
from .traces import pages


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.browser",
        description="Make traces on the fake, have pytee make pages of them, and look at these in"
        " Chromium without a window: nothing else is loaded, nobody complains, every call is there"
        " with its details, nothing is wider than the screen (1280 and 390 pixels), and all text"
        " can be read, in light and dark colours and on paper. Chromium is installed if it is"
        " missing; without it this fails.",
    )
    parser.add_argument(
        "--results", type=Path, metavar="FOLDER", help="where pages and pictures are kept"
    )
    results = parser.parse_args().results or Path(tempfile.mkdtemp(prefix="pages-"))
    # The address of a page is a whole path.
    made = pages(results.resolve())
    try:
        with opened_tab() as tab:
            for name, (trace, page) in made.items():
                look_at(tab, name, trace, page, results)
                print(f"{page}: as it must be")
    except (BrowserError, VmError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: BSD-2-Clause
"""emit.py OUT.c OUT.json, run in the project's top directory: writes the extension's C source.

The other file says what is needed to compile it. A program of its own, because the Python that
has cffi need not be the one that runs the builder.
"""

import json
import runpy
import sys


def main() -> None:
    recipe = runpy.run_path("csrc/python/build.py")
    recipe["ffibuilder"].emit_c_code(sys.argv[1])
    names = {
        "sources": "SOURCES",
        "include_dirs": "INCLUDE_DIRS",
        "arguments": "COMPILE_ARGS",
        "link_arguments": "LINK_ARGS",
    }
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        json.dump({name: list(map(str, recipe[key])) for name, key in names.items()}, out)


if __name__ == "__main__":
    main()

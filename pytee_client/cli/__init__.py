# SPDX-License-Identifier: BSD-2-Clause
"""The command line: python -m pytee_client VERB.

Each verb is a module that is imported when somebody uses it. It has

- ``ABOUT``: what it does, and ``EXAMPLES``: how it is used;
- ``add_arguments(parser)``: declares what it takes;
- ``run(arguments)``: does it. What is wrong with the input it raises as InputError.
"""

from ._main import main

__all__ = ["main"]

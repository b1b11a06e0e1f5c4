# SPDX-License-Identifier: BSD-2-Clause
"""The command line: python -m pytee_client VERB.

Each verb is a module that is imported when somebody uses it. It has

- ``ABOUT``: what it does, and ``EXAMPLES``: how it is used;
- ``add_arguments(parser)``: declares what it takes; every verb has --json without that;
- ``run(arguments)``: does it, and returns an Answer. What is wrong with the input it raises as
  InputError; errors of the library become a line and an exit status here.
"""

from ._main import main

__all__ = ["main"]

# SPDX-License-Identifier: BSD-2-Clause
"""The tests, of the package that is installed.

`python -m` looks for modules in the current directory first. In a checkout that is a package
without its extension, unless the install was an editable one; so this directory comes last.
"""

import sys
from pathlib import Path

_TOP = Path(__file__).resolve().parent.parent
sys.path[:] = [place for place in sys.path if Path(place).resolve() != _TOP] + [str(_TOP)]

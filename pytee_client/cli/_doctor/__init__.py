# SPDX-License-Identifier: BSD-2-Clause
"""What the verb doctor looks at: a module for each thing.

Each check is a function that yields findings of a patient: a machine, or a kernel in Python.
"""

from .examination import examine
from .finding import Finding, State
from .machine import Machine, User
from .patient import Patient

__all__ = ["Finding", "Machine", "Patient", "State", "User", "examine"]

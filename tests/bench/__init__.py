# SPDX-License-Identifier: BSD-2-Clause
"""What a call costs: in C, in Python and by ctypes, over one libteec and another."""

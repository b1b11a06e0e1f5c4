# SPDX-License-Identifier: BSD-2-Clause
"""How far the fake kernel is from a real one: programs of system calls, run on both."""

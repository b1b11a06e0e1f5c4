# SPDX-License-Identifier: BSD-2-Clause
"""The types of declared commands, which type checkers find in the stub beside this file."""

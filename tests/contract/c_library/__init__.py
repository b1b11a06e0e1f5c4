# SPDX-License-Identifier: BSD-2-Clause
"""The functions of the C library, one file for each, called as a C program would."""

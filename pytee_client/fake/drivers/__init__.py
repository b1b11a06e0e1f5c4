# SPDX-License-Identifier: BSD-2-Clause
"""The drivers of the fake kernel, and what they have in common."""

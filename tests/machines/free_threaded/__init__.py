# SPDX-License-Identifier: BSD-2-Clause
"""A Python without a global interpreter lock, and the tests on it."""

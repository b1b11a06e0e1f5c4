# SPDX-License-Identifier: BSD-2-Clause
"""Trusted storage: persistent objects, and the file systems that keep them."""

# SPDX-License-Identifier: BSD-2-Clause
"""The secure world: Trusted Applications, their instances, and what they may call."""

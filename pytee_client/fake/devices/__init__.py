# SPDX-License-Identifier: BSD-2-Clause
"""The devices of the fake kernel: nodes, sysfs, uevents, and the TEE bus with its drivers."""

# SPDX-License-Identifier: BSD-2-Clause
"""The fake kernel's model of devices: nodes, sysfs, uevents, and the TEE bus with its drivers."""

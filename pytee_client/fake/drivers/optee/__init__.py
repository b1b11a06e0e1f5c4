# SPDX-License-Identifier: BSD-2-Clause
"""The driver of OP-TEE, and its side of the talk with a supplicant."""

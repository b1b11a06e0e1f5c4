# SPDX-License-Identifier: BSD-2-Clause
"""The driver of OP-TEE, and its requests to the supplicant."""

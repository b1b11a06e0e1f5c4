# SPDX-License-Identifier: BSD-2-Clause
"""The driver of Qualcomm's TEE, whose objects call each other and their clients."""

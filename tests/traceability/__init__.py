# SPDX-License-Identifier: BSD-2-Clause
"""Which test proves which statement about the TEE Client API, and where it ran."""

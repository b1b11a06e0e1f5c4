# SPDX-License-Identifier: BSD-2-Clause
"""The drivers that the fake kernel can have, one module each."""

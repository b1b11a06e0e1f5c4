# SPDX-License-Identifier: BSD-2-Clause
"""What the verb trace does: record, show and replay."""

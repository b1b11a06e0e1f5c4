# SPDX-License-Identifier: BSD-2-Clause
"""What the verb invoke is made of."""

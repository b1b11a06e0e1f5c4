# SPDX-License-Identifier: BSD-2-Clause
"""What the verb bench is made of."""

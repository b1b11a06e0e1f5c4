# SPDX-License-Identifier: BSD-2-Clause
"""Headers of Trusted Applications in C: made of declarations, and declarations made of them."""

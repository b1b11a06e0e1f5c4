# SPDX-License-Identifier: BSD-2-Clause
"""Real machines under QEMU that the tests run on; what all kinds of them need is here."""

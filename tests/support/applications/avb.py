# SPDX-License-Identifier: BSD-2-Clause
"""Android Verified Boot as Debian's OP-TEE has it for QEMU: without replay protected memory."""

from __future__ import annotations

from pytee_client.fake import applications


class Avb(applications.Avb):
    """Store nothing."""

    has_rpmb = False

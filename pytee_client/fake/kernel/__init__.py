# SPDX-License-Identifier: BSD-2-Clause
"""The core of the fake kernel: descriptors, ioctls, and the life of shared memory."""

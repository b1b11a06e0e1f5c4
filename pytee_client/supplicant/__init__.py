# SPDX-License-Identifier: BSD-2-Clause
"""The supplicant of OP-TEE, which gives it files: Trusted Applications and storage."""

from .file_system import FileSystem
from .folder_file_system import FolderFileSystem
from .supplicant import Supplicant

__all__ = ["FileSystem", "FolderFileSystem", "Supplicant"]

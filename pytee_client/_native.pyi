# SPDX-License-Identifier: BSD-2-Clause
from typing import Any

ffi: Any
lib: Any

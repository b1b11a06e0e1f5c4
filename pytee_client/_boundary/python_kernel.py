# SPDX-License-Identifier: BSD-2-Clause
"""Kernels in Python, as the C library calls them, and objects that give back what C gave.

A KeyboardInterrupt can be raised after any instruction of Python, so whatever C hands out lies
in memory whose destructor, made before, gives it back; and neither destructors nor calls into
kernels go through a function of Python.
"""

from __future__ import annotations

import sys
import threading
from types import MethodType

from .._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from ..kernels.kernel import Kernel

lib.add_functions()
# SIGINT is for this thread.
lib.watch_over(threading.main_thread().ident)
# In a thread of the library's own: signals are for the program's.
leave_signals: Final[Callable[[], None]] = lib.leave_signals
# Whether this thread is in a destructor of what C gave, or of an object that nobody has closed.
is_in_destructor: Final[Callable[[], bool]] = lib.is_in_destructor
# Those that cffi does not make.
functions: Final = vars(sys.modules["pytee_client._native"])

_destroy: Final = functions["destroy"]
# Raises what a kernel in Python raised during the last call into C: it can't pass through C.
raise_interrupted: Final[Callable[[], None]] = functions["raise_failure"]
# Makes the class of memory that is closed, of its base; see closed_buffer.c.
make_closed_class: Final[Callable[[type], type]] = functions["make_closed_class"]
# Makes the __del__ of a class, which calls _forgotten() unless _closed is true; see finalizer.c.
make_finalizer: Final[Callable[[type], Callable[[Any], None]]] = functions["make_finalizer"]
# Makes functions that call with a value, of the class of values; see call.py.
make_value_functions: Final[Callable[[type], tuple[Any, Any]]] = functions["make_value_functions"]


def guard(made: Any, drop: Callable[[Any, Any], object], argument: Any, *needed: object) -> Any:
    """Return what calls drop(argument, made) when it goes, and until then keeps all of these.

    The garbage collector may destroy in any order what goes in one cycle. So each guard keeps
    itself whatever its destructor needs, and in a tuple, which the collector does not clear.
    """
    return ffi.gc(made, MethodType(_destroy, (drop, argument, *needed)))


def python_device(kernel: Kernel | None) -> Any:
    """Return what stands for a kernel in C; NULL for Linux. Whoever has it keeps the kernel."""
    if kernel is None:
        return ffi.NULL
    device = ffi.new("struct python_device *")
    device.kernel = id(kernel)
    return device

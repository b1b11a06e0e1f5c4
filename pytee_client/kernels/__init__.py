# SPDX-License-Identifier: BSD-2-Clause
"""Kernels as the library sees them, for programs that stand between it and one.

Context(backend=...) takes any object with the methods of Kernel. LinuxKernel is the running
kernel as such an object; ProxyKernel passes calls on to another, for subclasses to watch or
change them, as pytee_client.traces and pytee_client.faults do.
"""

from .._boundary import LinuxKernel
from .kernel import Kernel
from .observed_call import ObservedCall
from .proxy import ProxyKernel
from .system_call import SystemCall

__all__ = ["Kernel", "LinuxKernel", "ObservedCall", "ProxyKernel", "SystemCall"]

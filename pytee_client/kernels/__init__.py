# SPDX-License-Identifier: BSD-2-Clause
"""Kernels: the system calls that the library makes, as methods of an object in Python.

Context(backend=...) takes any object with the methods of Kernel. LinuxKernel is the running
kernel as such an object. ProxyKernel passes system calls on to another kernel; subclasses can
observe or change them, as pytee_client.traces and pytee_client.faults do.
"""

from .._boundary import LinuxKernel
from .kernel import Kernel
from .observed_call import ObservedCall
from .proxy import ProxyKernel
from .system_call import SystemCall

__all__ = ["Kernel", "LinuxKernel", "ObservedCall", "ProxyKernel", "SystemCall"]

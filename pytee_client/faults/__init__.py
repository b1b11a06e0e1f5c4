# SPDX-License-Identifier: BSD-2-Clause
"""Faults on demand, to test how a program handles them.

    from errno import ENOMEM
    from pytee_client import Context, Origin, Result, fake
    from pytee_client.faults import Answer, Fail, Fault, FaultyKernel, Plan, SystemCall

    plan = Plan([
        Fault(SystemCall.SHM_REGISTER, Fail(ENOMEM), nth=3),
        Fault(SystemCall.INVOKE, Answer(Result.BUSY, Origin.TEE), nth=2, times=None),
    ])
    kernel = FaultyKernel(fake.Kernel(), plan)
    with Context(backend=kernel) as context:
        ...
    kernel.assert_all_struck()

The kernel can be any kernel in Python, or "linux" for real devices. A plan says which system
calls get a fault, counted by kind. What a fault does is an Action: Fail, Answer, Delay, Hold, Do,
Oversize, ShortRegistration, Unplug, or a class of your own. To let a supplicant die, use Do with a
function that closes it. To let a TEE die, use Answer(Result.COMMUNICATION, Origin.COMMS) with
times=None: the drivers of OP-TEE and AMD-TEE report a dead TEE like this.
"""

from ..kernels import ObservedCall, SystemCall
from .action import Action, FaultControl
from .actions import Answer, Delay, Do, Fail, Hold, Oversize, ShortRegistration, Unplug
from .faulty_kernel import FaultyKernel
from .gate import Gate
from .plan import Fault, Plan, Strike

__all__ = [
    "Action",
    "Answer",
    "Delay",
    "Do",
    "Fail",
    "Fault",
    "FaultControl",
    "FaultyKernel",
    "Gate",
    "Hold",
    "ObservedCall",
    "Oversize",
    "Plan",
    "ShortRegistration",
    "Strike",
    "SystemCall",
    "Unplug",
]

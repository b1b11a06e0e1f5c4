# SPDX-License-Identifier: BSD-2-Clause
"""A kernel in Python, with a TEE and Trusted Applications in Python, for tests and laptops.

    from pytee_client import Context, fake

    class Doubler(fake.TrustedApplication):
        uuid = UUID("...")

        @fake.command(0)
        def double(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            parameters.expect(fake.ParamType.VALUE_INOUT)
            parameters.value(0).a *= 2

    kernel = fake.Kernel(applications=[Doubler])
    with Context(backend=kernel) as context:
        ...

An application that is declared as a class of pytee_client.ta.Client has methods with arguments and
results in place of parameters: class FakeWallet(fake.TrustedApplication, implements=Wallet).

It serves the system calls of a TEE device, below all of the library's own code. It protects
nothing: an application in it is as secure as the program itself.

More is in modules of their own:

- fake.secure_world: what an application can use besides, such as persistent objects,
  properties, and sessions with other applications.
- fake.applications: the applications that are bundled with it.
- fake.bus: the TEE bus, its drivers, and messages about devices.
- fake.qtee, fake.tstee: Qualcomm's TEE, and Trusted Services.
- pytee_client.supplicant: the supplicant of OP-TEE.
"""

from ..kernels.uapi import ParamType
from .default_kernels import default_kernel
from .drivers.amdtee import AmdTee
from .drivers.optee.driver import Optee
from .drivers.optee.rpc import MissingSupplicantError
from .drivers.optee.supplicant_use import SupplicantUse
from .kernel.kernel import Kernel
from .kernel.release import LinuxRelease
from .kernel.resources import Resources
from .secure_world.entry_points import command
from .secure_world.parameters import MemrefParameter, Parameter, Parameters, ValueParameter
from .secure_world.results import PanicError, ResultError
from .secure_world.session import ClientSession
from .secure_world.trusted_application import TrustedApplication

__all__ = [
    "AmdTee",
    "ClientSession",
    "Kernel",
    "LinuxRelease",
    "MemrefParameter",
    "MissingSupplicantError",
    "Optee",
    "PanicError",
    "ParamType",
    "Parameter",
    "Parameters",
    "Resources",
    "ResultError",
    "SupplicantUse",
    "TrustedApplication",
    "ValueParameter",
    "command",
    "default_kernel",
]

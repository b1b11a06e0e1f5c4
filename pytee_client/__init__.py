# SPDX-License-Identifier: BSD-2-Clause
"""Use Trusted Applications from Python: the GlobalPlatform TEE Client API on Linux.

Names come from the specification (GPD_SPE_007) by rule: TEEC_OpenSession is
Context.open_session, TEEC_MEMREF_TEMP_INPUT the class MemrefTempInput,
TEEC_ERROR_ITEM_NOT_FOUND is Result.ITEM_NOT_FOUND and ItemNotFoundError.
"""

from __future__ import annotations

from . import enums, errors, parameters
from ._process import importing
from ._results import TranslatedFilesShortage
from .context import Context
from .enums import *  # noqa: F403
from .errors import *  # noqa: F403
from .identity import client_uuid
from .memory import (
    AllocatedSharedMemory,
    DescriptorSharedMemory,
    RegisteredSharedMemory,
    SharedMemory,
)
from .operation import Operation
from .parameters import *  # noqa: F403
from .session import Session
from .version import Version

# Names for type checkers are not imported at run time: see docs/design.md.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    __version__: str

    from .devices import (
        BusDevice,
        Device,
        Revision,
        RpmbRoutingModel,
        enumerate_bus_devices,
        enumerate_devices,
        wait_for_device,
    )
    from .observing import CallEvent, ParameterEvent
    from .session_pool import PooledSession, PoolStats, SessionPool

__all__ = [
    "AllocatedSharedMemory",
    "BusDevice",
    "CallEvent",
    "Context",
    "DescriptorSharedMemory",
    "Device",
    "Operation",
    "ParameterEvent",
    "PoolStats",
    "PooledSession",
    "RegisteredSharedMemory",
    "Revision",
    "RpmbRoutingModel",
    "Session",
    "SessionPool",
    "SharedMemory",
    "Version",
    "client_uuid",
    "enumerate_bus_devices",
    "enumerate_devices",
    "wait_for_device",
]
__all__ += enums.__all__
__all__ += errors.__all__
__all__ += parameters.__all__

_OF_DEVICES = frozenset(
    {
        "BusDevice",
        "Device",
        "Revision",
        "RpmbRoutingModel",
        "enumerate_bus_devices",
        "enumerate_devices",
        "wait_for_device",
    }
)
_OF_OBSERVERS = frozenset({"CallEvent", "ParameterEvent"})
_OF_POOLS = frozenset({"PoolStats", "PooledSession", "SessionPool"})


def __getattr__(name: str) -> Any:
    """Import what few programs use when they ask for it: devices, pools, events, the version."""
    if name in _OF_DEVICES:
        with TranslatedFilesShortage(f"importing {name}"), importing:
            from . import devices

        return getattr(devices, name)
    if name in _OF_POOLS:
        with TranslatedFilesShortage(f"importing {name}"), importing:
            from . import session_pool

        return getattr(session_pool, name)
    if name in _OF_OBSERVERS:
        with TranslatedFilesShortage(f"importing {name}"), importing:
            from . import observing

        return getattr(observing, name)
    if name == "__version__":
        return _version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _version() -> str:
    try:
        with TranslatedFilesShortage("reading the version of the package"), importing:
            from importlib import metadata

            return metadata.version("pytee_client")
    except ModuleNotFoundError:
        raise AttributeError(
            "pytee_client.__version__ is not known, because the package is not installed"
        ) from None

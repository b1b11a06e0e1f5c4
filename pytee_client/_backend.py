# SPDX-License-Identifier: BSD-2-Clause
"""Which kernel answers: Linux, the fake, or one that the program passes."""

from __future__ import annotations

import os
import threading
import warnings

from . import _hints as t
from ._boundary import NativeContext, is_privileged
from ._checks import check_kernel, refuse_class, to_path_text
from ._logging import WARNING, log
from ._process import importing, renewed
from .errors import FakeTeeWarning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, ClassVar, Final

    from .kernels.kernel import Kernel

_BACKEND_VARIABLE = "PYTEE_CLIENT_BACKEND"
_FAKE_PREFIX = "fake:"
# If it exists, no other node has to be searched for: a search takes longer than opening it.
_FIRST_NODE: Final = "/dev/tee0"


def _variable(name: str) -> str:
    """Return a variable of the environment; empty if this process must not trust it."""
    value = os.environ.get(name, "")
    return "" if value and is_privileged() else value


# A program has it for all its life.
_TRACED: Final = _variable("PYTEE_CLIENT_TRACE")


class DefaultBackend:
    """The TEE of whatever names no kernel of its own, while this context manager is open.

    It is for programs under test, which open their contexts themselves. `Context()`,
    `Context("/dev/tee0")`, `backend="linux"` and the environment then all mean this kernel, and
    `"fake"` and `"fake:"` do if it stands on a fake. A kernel that is given as an object, and a
    fake of another profile, are what they always are.

    Args:
        device: the device of who names none.
        kernel: what answers; None for Linux.
        below: the fake kernel that answers in the end, which has the sysfs too; None for Linux.

    Threads: the whole process has it; the one that was opened last counts.
    """

    # Never changed, only replaced: who reads it needs no lock.
    open: ClassVar[tuple[DefaultBackend, ...]] = ()
    _changing: ClassVar = renewed(threading.RLock())

    def __init__(self, device: str, kernel: Kernel | None, below: Kernel | None) -> None:
        self.device = device
        self.kernel = kernel
        self.below = below

    def __enter__(self) -> None:
        with self._changing:
            DefaultBackend.open = (*self.open, self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._changing:
            DefaultBackend.open = tuple(one for one in self.open if one is not self)


def _default_instead_of(backend: t.Backend | None) -> DefaultBackend | None:
    """Return what answers in place of Linux, if something does."""
    defaults = DefaultBackend.open
    if not defaults or not (backend is None or backend == "linux"):
        return None
    return defaults[-1]


def resolve(
    device: str | os.PathLike[str] | None, backend: t.Backend | None
) -> tuple[str | None, Kernel | None]:
    """Return the path, None for the first device, and the kernel, None for Linux."""
    path = _path_of(device)
    default = _default_instead_of(backend) if DefaultBackend.open else None
    chosen = _backend_of_environment() if backend is None and default is None else ""
    if chosen and not chosen.startswith("fake"):
        backend = "linux"
    if path is not None and path.startswith(_FAKE_PREFIX):
        if backend not in (None, "fake"):
            raise ValueError(f"the device {path!r} is the fake kernel's, but backend={backend!r}")
        return None, _fake_kernel(path.removeprefix(_FAKE_PREFIX))
    if default is not None:
        return path or default.device, default.kernel
    if chosen:
        if chosen.startswith("fake"):
            return path, _fake_of_environment(chosen)
        path = path or (chosen if chosen.startswith("/") else None)
    if backend is None and path is None and not _has_tee():
        _announce_fake()
        return path, _fake_kernel("")
    return path, _kernel_of(backend)


def _resolve_traced(
    device: str | os.PathLike[str] | None, backend: t.Backend | None
) -> tuple[str | None, Kernel | None]:
    """Return what resolve() does, but as the environment says recorded, or replayed."""
    with importing:
        from .traces.environment import is_replayed, recorder, replayer

    if not is_replayed(_TRACED):
        path, kernel = resolve(device, backend)
        return path, recorder(_TRACED, kernel)
    path = _path_of(device)
    if path is not None and path.startswith(_FAKE_PREFIX):
        path = None
    return path, replayer(_TRACED)


def check_traced() -> None:
    """See that what the environment says of traces makes sense; see environment.check()."""
    if _TRACED:
        with importing:
            from .traces.environment import check

        check(_TRACED)


# What contexts use: those of programs that are not traced pay nothing for it.
resolve_for_context: Final = _resolve_traced if _TRACED else resolve


def _has_tee() -> bool:
    """Return whether the machine has a TEE, or should have one by what describes it."""
    if os.path.exists(_FIRST_NODE):
        return True
    with importing:
        from ._opening import client_nodes, expected_tee

    return bool(client_nodes()) or expected_tee() is not None


def resolve_backend(backend: t.Backend | None) -> Kernel | None:
    """Return the kernel, or None for Linux, the default."""
    default = _default_instead_of(backend)
    if default is not None:
        return default.kernel
    chosen = _backend_of_environment() if backend is None else ""
    if chosen.startswith("fake"):
        return _fake_of_environment(chosen)
    return _kernel_of(backend)


def with_sysfs(kernel: Kernel | None) -> Kernel | None:
    """Return the kernel that lists the devices of a kernel: what a default stands on."""
    return next((one.below for one in DefaultBackend.open if one.kernel is kernel), kernel)


def _kernel_of(backend: t.Backend | None) -> Kernel | None:
    if backend == "fake":
        return _fake_kernel("")
    if backend is None or backend == "linux":
        return None
    if isinstance(backend, str):
        raise ValueError(f'backend={backend!r} is not one of "linux", "fake", or a kernel')
    refuse_class(backend, "the backend")
    return backend


# Taken by the first who warns, and never given back. Nobody waits for it, so a child of a fork
# does not either.
_announcement = threading.Lock()


def _announce_fake() -> None:
    """Warn and log once a process, whatever filters there are.

    Programs open contexts in many places.
    """
    if not _announcement.acquire(blocking=False):
        return
    # Programs that do not use the fake need not wait for its import.
    with importing:
        import logging

    text = (
        "this machine has no TEE device: the fake kernel answers instead"
        f' (set {_BACKEND_VARIABLE}=linux, or use Context(backend="linux"), to forbid it)'
    )
    # A program that sets up no logging sees the warning alone.
    logging.getLogger("pytee_client").addHandler(logging.NullHandler())
    log(WARNING, "", "%s", text)
    warnings.warn(text, FakeTeeWarning, stacklevel=5 if _TRACED else 4)


def _path_of(device: str | os.PathLike[str] | None) -> str | None:
    if device is None:
        return None
    path = to_path_text(
        device, "the device", ': give an absolute path such as "/dev/tee0", or "fake:"'
    )
    if path.startswith(_FAKE_PREFIX):
        return path
    if not path.startswith("/"):
        raise ValueError(
            f'the device must be an absolute path such as "/dev/tee0", or "fake:", not {path!r}'
        )
    return path


def _backend_of_environment() -> str:
    """Return linux, fake, fake: and a profile, the path of a device, or nothing."""
    value = os.environ.get(_BACKEND_VARIABLE)
    if not value or is_privileged():
        return ""
    is_known = value in ("linux", "fake") or value.startswith((_FAKE_PREFIX, "/"))
    if not is_known:
        raise ValueError(
            f"{_BACKEND_VARIABLE}={value!r} is not one of linux, fake, fake: with a profile, or"
            " the path of a device"
        )
    return value


def _fake_of_environment(chosen: str) -> Kernel:
    try:
        return _fake_kernel(chosen.removeprefix("fake").removeprefix(":"))
    except ValueError as error:
        raise ValueError(f"{_BACKEND_VARIABLE}={chosen!r}: {error}") from None


def _fake_kernel(profile: str) -> Kernel:
    # Programs that do not use the fake need not wait for its import.
    with importing:
        from .fake import default_kernel

    defaults = DefaultBackend.open
    if not defaults or defaults[-1].below is None:
        return default_kernel(profile or "optee")
    below = default_kernel(profile) if profile else defaults[-1].below
    # What stands on it has the faults that a test wants.
    return (defaults[-1].kernel or below) if below is defaults[-1].below else below


def open_native(
    path: str | None, kernel: Kernel | None, observer: Callable[[Any], object] | None = None
) -> NativeContext:
    """Open a device, or raise the exception that says why it can't be opened."""
    if kernel is not None:
        check_kernel(kernel, "the backend")
    native = NativeContext(path, kernel, observer)
    if native.result:
        # Most programs open a device that works, and need no import for errors.
        with importing:
            from ._opening import open_error

        implementation, _, capabilities = native.version
        answer = (implementation, capabilities)
        raise open_error(path, native.result, native.error, answer, kernel)
    return native

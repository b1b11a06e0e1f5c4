# SPDX-License-Identifier: BSD-2-Clause
"""Messages for loggers of the program.

`logging` is not imported for them: as long as nobody has, nobody can have set it up.

Who logs holds no lock that a handler could need. What finalizers do is not logged at DEBUG: they
run anywhere, also in a handler that holds a lock of its own.
"""

from __future__ import annotations

import threading
import weakref
from sys import modules

from ._boundary import is_in_destructor
from ._known_applications import named
from ._process import importing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger
    from typing import Any, Final

__all__ = ["DEBUG", "ERROR", "WARNING", "log", "log_debug", "modules"]

DEBUG: Final = 10
WARNING: Final = 30
ERROR: Final = 40

_loggers: Final[dict[str, Logger]] = {}


class _Message:
    """What lives as long as a message is on its way to the handlers."""

    __slots__ = ("__weakref__",)


class _Thread(threading.local):
    # Weak, so that an interrupt can't leave the thread silent.
    message: weakref.ref[_Message] | None = None


_thread: Final = _Thread()


def log_debug(name: str, message: str, *arguments: object) -> None:
    """Log something at DEBUG, if the program has imported logging.

    What is called often asks first whether "logging" is in modules.

    Args:
        name: the logger of a package, without the name of the library: "" is its own.
        message: what is to be said.
        arguments: what goes into the message, never contents of memory, values or addresses. A
            UUID comes with the name of its application.
    """
    if "logging" in modules:
        _log(name, DEBUG, message, arguments, None)


def log(
    level: int, name: str, message: str, *arguments: object, error: BaseException | None = None
) -> None:
    """Log something at WARNING or above; see log_debug(). error is what its traceback is of."""
    if "logging" not in modules:
        with importing:
            import logging  # noqa: F401
    _log(name, level, message, arguments, error)


def _log(
    name: str,
    level: int,
    message: str,
    arguments: tuple[object, ...],
    error: BaseException | None,
) -> None:
    try:
        logger = _loggers.get(name) or _new_logger(name)
        if logger is None or not logger.isEnabledFor(level):
            return
        if _is_under_way() or (level < WARNING and is_in_destructor()):
            return
        under_way = _Message()
        _thread.message = weakref.ref(under_way)
        try:
            texts = [_text_of(argument) for argument in arguments]
            logger.log(level, message, *texts, exc_info=error, stacklevel=3)
        finally:
            _thread.message = None
    except Exception:
        # Such as that of a filter. Handlers have their own way to say so.
        _say_what_failed()
    except BaseException:
        if not _is_in_library_thread():
            raise
        # The program is not there to be told, and has to have the result of its call.
        _say_what_failed()


def _is_in_library_thread() -> bool:
    """Return whether this thread is one of the library's own: those take no signals."""
    # Programs that are not interrupted need not wait for its import.
    with importing:
        import signal
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return blocked.issuperset((signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD))


def _is_under_way() -> bool:
    """Return whether a handler uses the library, which would be logged without an end."""
    message = _thread.message
    return message is not None and message() is not None


def _new_logger(name: str) -> Logger | None:
    # Not there if another thread is importing it.
    get_logger = getattr(modules["logging"], "getLogger", None)
    if get_logger is None:
        return None
    logger: Logger = get_logger(f"pytee_client.{name}" if name else "pytee_client")
    _loggers[name] = logger
    return logger


def _text_of(argument: object) -> object:
    # Its module may be imported by nobody.
    return named(argument) if type(argument).__name__ == "UUID" else argument  # type: ignore[arg-type]


def _say_what_failed() -> None:
    """Print the exception that is being handled, as handlers do with theirs."""
    logging: Any = modules["logging"]
    if getattr(logging, "raiseExceptions", False):
        with importing:
            import traceback
        # Programs need not wait for contextlib's import.
        try:  # noqa: SIM105
            traceback.print_exc()
        except Exception:
            pass

# SPDX-License-Identifier: BSD-2-Clause
"""Chromium without a window, driven by the DevTools protocol over two pipes."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..machines import host

__all__ = ["BrowserError", "Tab", "opened_tab"]

_LIMIT = 60.0
# The browser reads commands from 3, and writes answers to 4.
_WITH_PIPES = ("bash", "-c", 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"', "bash")
_HIGH = 10
_OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)


class BrowserError(Exception):
    """The browser does not do what it is told."""


class Tab:
    """A tab of a browser.

    Attributes:
        requests: the addresses of all that was asked for since the page was opened.
        complaints: what the browser or the page said in the console, and dialogs.
    """

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to = to_browser
        self._from = from_browser
        self._received = b""
        self._number = 0
        self._session: str | None = None
        self._is_loaded = False
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have the browser do something, and return what it answers."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        data = memoryview(json.dumps(message).encode() + b"\0")
        while data:
            data = data[os.write(self._to, data) :]
        end = time.monotonic() + _LIMIT
        while True:
            answer = self._next(end, method)
            if answer.get("id") == self._number:
                break
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, page: Path) -> None:
        """Open a page, and wait until all of it is there."""
        self._is_loaded = False
        self.requests.clear()
        self.complaints.clear()
        answer = self.call("Page.navigate", url=page.as_uri())
        if "errorText" in answer:
            raise BrowserError(f"{page}: {answer['errorText']}")
        end = time.monotonic() + _LIMIT
        while not self._is_loaded:
            self._next(end, f"loading {page}")

    def show(self, width: int, height: int, scheme: str, medium: str = "screen") -> None:
        """Set how the page is shown: its size, light or dark, on a screen or on paper."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=medium, features=features)

    def ask(self, expression: str) -> Any:
        """Return what an expression of JavaScript is on the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def picture(self, *, whole: bool = False) -> bytes:
        """Return a picture of the page, as a PNG."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def paper(self) -> bytes:
        """Return the printed page, as a PDF."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"])

    def _next(self, end: float, doing: str) -> dict[str, Any]:
        """Return the next message."""
        while b"\0" not in self._received:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._from], [], [], left)[0]:
                raise BrowserError(f"{doing}: no answer within {_LIMIT:g} seconds")
            data = os.read(self._from, 1 << 20)
            if not data:
                raise BrowserError(f"{doing}: the browser has ended")
            self._received += data
        text, _, self._received = self._received.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, parameters: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._is_loaded = True
        elif event == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif event == "Log.entryAdded":
            self.complaints.append(f"{parameters['entry']['level']}: {parameters['entry']['text']}")
        elif event in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
            self.complaints.append(f"{event}: {parameters}")
        elif event == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {parameters['message']}")


@contextlib.contextmanager
def opened_tab() -> Iterator[Tab]:
    """Start a browser, and end it. It is installed if it is not there."""
    host.require([host.Need("chromium", "chromium")])
    commands, answers = _high_pipe(), _high_pipe()

    with tempfile.TemporaryDirectory(prefix="browser-") as folder:
        ends = (commands[0], answers[1])
        command = [
            *_WITH_PIPES,
            *map(str, ends),
            "chromium",
            *_OPTIONS,
            f"--user-data-dir={folder}/profile",
        ]
        if not os.geteuid():
            # It refuses its sandbox to root. What it is shown are our own files.
            command.append("--no-sandbox")
        with Path(folder, "log").open("w+b") as log:
            browser = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "HOME": folder},
                pass_fds=ends,
            )
            for end in ends:
                os.close(end)
            try:
                yield Tab(commands[1], answers[0])
            except BrowserError as error:
                log.seek(0)
                raise BrowserError(f"{error}\n{log.read().decode(errors='replace')}") from None
            finally:
                os.close(commands[1])
                _end(browser)
                os.close(answers[0])


def _end(browser: subprocess.Popen[bytes]) -> None:
    """Wait until a browser has ended, which it does without its pipe."""
    try:
        browser.wait(_LIMIT / 6)
    except subprocess.TimeoutExpired:
        browser.kill()
        browser.wait()


def _high_pipe() -> tuple[int, int]:
    """Return a pipe whose descriptors are not those that the browser wants."""
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _HIGH))
        os.close(end)
    return ends[0], ends[1]

# SPDX-License-Identifier: BSD-2-Clause
"""What a device answered to a test, recorded to a file that is named by the test."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from ..kernels import Kernel
from ..traces import TraceMismatchError, TracePlayer, TraceRecorder
from .leaks import settle

if TYPE_CHECKING:
    from pytee_client_pytest import RunningTest

__all__ = ["device_of", "path_of", "played", "recorded"]

# Longer names do not fit in all file systems.
_LONGEST = 120
_FIRST = "/dev/tee0"


def path_of(item: pytest.Item, tee_name: str) -> Path:
    """Return the file of a test: the same one, whichever TEE it runs on."""
    _, _, name = item.nodeid.partition("::")
    spec = getattr(item, "callspec", None)
    parameters = ""
    if spec is not None:
        name, parameters = name.removesuffix(f"[{spec.id}]"), _without(spec.id, tee_name)
    name = name.replace("::", ".") + (f"[{parameters}]" if parameters else "")
    safe = re.sub(r"[^\w.,=+\[\]-]", "_", name, flags=re.ASCII)
    if safe != name or len(safe) > _LONGEST:
        safe = f"{safe[:_LONGEST]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return item.path.parent / "cassettes" / item.path.stem / f"{safe}.trace"


def _without(test: str, tee_name: str) -> str:
    """Return the name of parameters, less that of the TEE."""
    if test == tee_name:
        return ""
    if test.startswith(f"{tee_name}-"):
        return test.removeprefix(f"{tee_name}-")
    if test.endswith(f"-{tee_name}"):
        return test.removesuffix(f"-{tee_name}")
    return test.replace(f"-{tee_name}-", "-", 1)


@contextlib.contextmanager
def recorded(
    test: RunningTest, path: Path, kernel: Kernel | Literal["linux"]
) -> Iterator[TraceRecorder]:
    """Record what a kernel answers. The file is there once all of the test has passed."""
    options = _options_of(test.item)
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, so that it can replace what was recorded last.
    number, new = tempfile.mkstemp(prefix=".", suffix=".new", dir=path.parent)
    os.close(number)

    def end(has_passed: bool) -> None:
        if has_passed:
            os.replace(new, path)
        else:
            os.unlink(new)

    try:
        with TraceRecorder(kernel, new, **options) as recorder:
            yield recorder
            # Calls that were given up belong to the record.
            settle(lambda: recorder._has_open_files)
    except BaseException:
        end(False)
        raise
    if test.passed:
        # Fixtures that end later may still fail it.
        test.ends.append(end)
    else:
        end(False)


def _options_of(item: pytest.Item) -> dict[str, bool]:
    marker = item.get_closest_marker("tee_cassette")
    if marker is None:
        return {}
    wrong = [
        f"{name}={value!r}"
        for name, value in sorted(marker.kwargs.items())
        if name not in ("payloads", "values") or not isinstance(value, bool)
    ]
    if marker.args or wrong:
        raise pytest.UsageError(
            "tee_cassette takes payloads=True and values=False, and nothing else, not"
            f" {', '.join([*map(repr, marker.args), *wrong])}"
        )
    return dict(marker.kwargs)


@contextlib.contextmanager
def played(test: RunningTest, path: Path) -> Iterator[TracePlayer]:
    """Answer as was recorded, and fail a test that has not made all calls."""
    _options_of(test.item)
    again = f"pytest --tee linux --tee-record {test.item.nodeid.partition('[')[0]!r}"
    try:
        player = TracePlayer(path)
    except FileNotFoundError:
        pytest.fail(
            f"there is no cassette {path}: record it on a machine with the TEE, with {again}",
            pytrace=False,
        )
    yield player
    if not test.passed:
        return
    settle(lambda: player._has_open_files)
    try:
        player.assert_finished()
    except TraceMismatchError as error:
        pytest.fail(f"{error}\nrecord the cassette again: {again}", pytrace=False)


def device_of(path: Path) -> str:
    """Return the path of the device that a trace begins with.

    If that is no path, the test is told so by the trace, which another device is not in.
    """
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            call = json.loads(line)
            if call.get("call") == "OPEN":
                device = str(call["in"]["path"])
                return device if device.startswith("/") and device.isprintable() else _FIRST
    return _FIRST

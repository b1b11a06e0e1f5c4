# SPDX-License-Identifier: BSD-2-Clause
"""The package's version, and the list of its names."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

import pytee_client as tee

from ..support.programs import program


def test_the_version_is_that_of_the_metadata() -> None:
    assert tee.__version__ == importlib.metadata.version("pytee_client")


def test_the_version_is_read_only_when_it_is_asked_for() -> None:
    script = (
        "import sys; before = {*sys.modules}; import pytee_client as tee\n"
        "assert 'importlib.metadata' not in {*sys.modules} - before\n"
        "assert tee.__version__\n"
    )
    subprocess.run(program(script), timeout=60, check=True)


def test_a_package_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(AttributeError, match="is not installed"):
        _ = tee.__version__


def test_dir_lists_every_public_name() -> None:
    listed = dir(tee)
    assert {*tee.__all__, "__version__", "__all__"} <= {*listed}
    assert all(hasattr(tee, name) for name in listed)
    assert listed == sorted(listed)

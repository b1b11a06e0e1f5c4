# SPDX-License-Identifier: BSD-2-Clause
"""The verbs that make headers in C of declarations, and declarations of headers."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ...support.command_lines import ran, words_for
from ...support.wallet import Wallet

if TYPE_CHECKING:
    from ...support.targets import Target


@pytest.mark.once
def test_a_declaration_made_of_the_header_of_another_names_the_same_application(
    target: Target, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    header, module = tmp_path / "wallet_ta.h", tmp_path / "made_wallet.py"
    name = f"{Wallet.__module__}:{Wallet.__qualname__}"
    assert ran(capsys, "header", name, "--output", str(header)).status == 0
    assert ran(capsys, "generate", str(header), "--output", str(module)).status == 0
    made = runpy.run_path(str(module))["Wallet"]
    assert made.uuid == Wallet.uuid
    # The one on the machines was built with such a header.
    probed = ran(capsys, "probe", str(made.uuid), *words_for(target))
    assert probed.status == 0, probed

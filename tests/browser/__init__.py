# SPDX-License-Identifier: BSD-2-Clause
"""Pages that the package makes, looked at in a browser.

`python -m tests.browser --help` says what it does.
"""

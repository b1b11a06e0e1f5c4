# SPDX-License-Identifier: BSD-2-Clause
"""Build the extension module; everything else about the package stands in pyproject.toml."""

import sysconfig

# Without cffi, setuptools would ignore cffi_modules and build a package without its extension.
import cffi  # noqa: F401
from setuptools import setup

# One wheel serves every Python from 3.10 on, except the free-threaded builds: before 3.15 they
# have no limited API.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

setup(
    cffi_modules=["csrc/python/build.py:ffibuilder"],
    options={} if FREE_THREADED else {"bdist_wheel": {"py_limited_api": "cp310"}},
)

# SPDX-License-Identifier: BSD-2-Clause
"""Build and metadata of pytee_client."""

import sysconfig
from pathlib import Path

from setuptools import find_packages, setup

# One wheel serves every Python from 3.10 on, except the free-threaded builds:
# before 3.15 they have no limited API.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

setup(
    name="pytee_client",
    version="0.1.0",
    description="Use Trusted Applications from Python: the GlobalPlatform TEE Client API on Linux",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_expression="BSD-2-Clause",
    license_files=["LICENSE"],
    keywords=["TEE", "OP-TEE", "TrustZone", "AMD-TEE", "GlobalPlatform", "TEEC"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: C",
        "Topic :: Security",
        "Typing :: Typed",
    ],
    python_requires=">=3.10",
    packages=find_packages(include=["pytee_client", "pytee_client.*"]),
    package_data={"pytee_client": ["py.typed", "*.pyi"], "pytee_client.fake.kernel": ["*.json"]},
    setup_requires=["cffi>=2.0"],
    cffi_modules=["csrc/python/build.py:ffibuilder"],
    install_requires=["cffi>=1.15"],
    extras_require={
        "crypto": ["cryptography>=42"],
        "test": ["cryptography>=42", "pytest>=8", "pytest-timeout>=2", "setuptools>=77"],
        "dev": [
            "pytest>=8",
            "pytest-timeout>=2",
            "setuptools>=77",
            "mypy>=1.18",
            "ruff>=0.14",
            "build>=1.2",
            "cryptography>=42",
            "typing-extensions>=4.10",
            "types-cffi",
            "types-setuptools",
        ],
    },
    options={} if FREE_THREADED else {"bdist_wheel": {"py_limited_api": "cp310"}},
    zip_safe=False,
)

# SPDX-License-Identifier: BSD-2-Clause
"""What OP-TEE's applications and their clients agree on: enumerations, sizes and structures.

The clients in ta.optee and the fakes in fake.applications have it from here. There is a module for
each application. What programs find in a class, such as Sha.KeyType, is in a class of that name
here too: texts, headers and pickles have its whole name. Both ends inherit that class. An alias in
each would not do: mypy would take Sha.KeyType["AES"] for a type.
"""

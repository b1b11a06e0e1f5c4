# SPDX-License-Identifier: BSD-2-Clause
"""Calls: Python values into the slots of an operation, to the TEE, and back.

- call: a call, with what its parameters keep alive, and how its outputs are read.
- slots: how each kind of parameter is set.
- pool: the calls of one session, and who waits for their end.
- one_parameter: shorter ways for the most common calls.
- prepared: commands that are prepared once and run many times.
- failure: the exception for a call that failed.
"""

# SPDX-License-Identifier: BSD-2-Clause
"""What a program declares of a Trusted Application: its commands, and what these take and return.

Clients, fakes and headers in C are made from it. It knows no context and no session.
"""

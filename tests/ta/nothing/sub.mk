# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += .
srcs-y += nothing.c

# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += .
global-incdirs_ext-y += $(HEADERS)
srcs-y += wallet.c

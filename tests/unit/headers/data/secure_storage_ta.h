/* SPDX-License-Identifier: BSD-2-Clause */
/* What OP-TEE's example secure_storage has, in our words. */
#ifndef __SECURE_STORAGE_H__
#define __SECURE_STORAGE_H__

#define TA_SECURE_STORAGE_UUID \
		{ 0xf4e750bb, 0x1437, 0x4fbf, \
			{ 0x87, 0x85, 0x8d, 0x35, 0x80, 0xc3, 0x49, 0x94 } }
/* Read an object: its name in slot 0, its content in slot 1. */
#define TA_SECURE_STORAGE_CMD_READ_RAW		0
/* Make an object: its name in slot 0, its content in slot 1. */
#define TA_SECURE_STORAGE_CMD_WRITE_RAW		1
/* Remove an object: its name in slot 0. */
#define TA_SECURE_STORAGE_CMD_DELETE		2

#endif

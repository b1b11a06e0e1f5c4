/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#define TA_UUID		{ 0x4b0d2c1e, 0x7a35, 0x4d6e, \
			  { 0x9f, 0x12, 0x3c, 0x8e, 0x5a, 0x7b, 0x9d, 0x04 } }
#define TA_FLAGS	TA_FLAG_SINGLE_INSTANCE
#define TA_STACK_SIZE	(2 * 1024)
#define TA_DATA_SIZE	(32 * 1024)
#define TA_VERSION	"1.0"
#define TA_DESCRIPTION	"pytee_client: has one session at a time"

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#define TA_UUID		{ 0x9e6f1b52, 0x0c4a, 0x4f7d, \
			  { 0x8b, 0x3e, 0x61, 0xd2, 0xa5, 0xc7, 0xf8, 0x90 } }
#define TA_FLAGS	0
#define TA_STACK_SIZE	(2 * 1024)
#define TA_DATA_SIZE	(256 * 1024 * 1024)
#define TA_VERSION	"1.0"
#define TA_DESCRIPTION	"pytee_client: wants more memory than there is"

#endif

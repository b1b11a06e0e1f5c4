/* SPDX-License-Identifier: BSD-2-Clause */
/* What OP-TEE's example hotp has, in our words. */
#ifndef __HOTP_TA_H__
#define __HOTP_TA_H__
/* The application's name in octets: HMAC-SHA1 Jockbe */
#define TA_HOTP_UUID \
	{ 0x484d4143, 0x2d53, 0x4841, \
		{ 0x31, 0x20, 0x4a, 0x6f, 0x63, 0x6b, 0x65, 0x42 } }

/* Commands */
#define TA_HOTP_CMD_REGISTER_SHARED_KEY	0	/* memref: the key */
#define TA_HOTP_CMD_GET_HOTP		1	/* value out: 6 digits in a */
#endif

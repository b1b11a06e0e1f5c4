/* SPDX-License-Identifier: BSD-2-Clause */
/* What boards of Rockchip have to try applications with, in our words. */
#ifndef RKTEST_TA_H
#define RKTEST_TA_H

#define RKTEST_TA_UUID { 0x1db57234, 0xdacd, 0x462d, \
		{ 0x9b, 0xb1, 0xae, 0x79, 0xde, 0x44, 0xe2, 0xa5} }

#define RKTEST_TA_CMD_TRANSFER_DATA	102
#define RKTEST_TA_CMD_STORAGE		103
#define RKTEST_TA_CMD_PROPERTY		104
#define RKTEST_TA_CMD_CRYPTO_SHA	(uint32_t)0x69
#define RKTEST_TA_CMD_CRYPTO_AES	(0x6AU)
#define RKTEST_TA_CMD_CRYPTO_RSA	(RKTEST_TA_CMD_CRYPTO_AES + 1)

#endif /*RKTEST_TA_H*/

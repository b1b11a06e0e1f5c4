/* SPDX-License-Identifier: BSD-2-Clause */
/* What OP-TEE's example aes has, in our words. */
#ifndef __AES_TA_H__
#define __AES_TA_H__

#define TA_AES_UUID \
	{ 0x5dbac793, 0xf574, 0x4871, \
		{ 0x8a, 0xd3, 0x04, 0x33, 0x1e, 0xc1, 0x7f, 0x24 } }

/*
 * TA_AES_CMD_PREPARE - take the parameters of what follows
 * param[0] (value) a: one of TA_AES_ALGO_*
 * param[1] (value) a: the size of the key in bytes
 * param[2] (value) a: TA_AES_MODE_ENCODE or TA_AES_MODE_DECODE
 * param[3] unused
 */
#define TA_AES_CMD_PREPARE		0

#define TA_AES_ALGO_ECB			0
#define TA_AES_ALGO_CBC			1
#define TA_AES_ALGO_CTR			2

#define TA_AES_SIZE_128BIT		(128 / 8)
#define TA_AES_SIZE_256BIT		(256 / 8)

#define TA_AES_MODE_ENCODE		1
#define TA_AES_MODE_DECODE		0

/*
 * TA_AES_CMD_SET_KEY - take a key
 * param[0] (memref) the key, as long as was said before
 */
#define TA_AES_CMD_SET_KEY		1

/*
 * TA_AES_CMD_SET_IV - begin with another initial vector
 * param[0] (memref) the vector
 */
#define TA_AES_CMD_SET_IV		2

/*
 * TA_AES_CMD_CIPHER - encrypt or decrypt
 * param[0] (memref) input, param[1] (memref) output
 */
#define TA_AES_CMD_CIPHER		3

#endif /* __AES_TA_H__ */

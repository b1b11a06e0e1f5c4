/* SPDX-License-Identifier: BSD-2-Clause */
/* What xtest's crypt has, in our words. */
#ifndef TA_CRYPT_H
#define TA_CRYPT_H

#define TA_CRYPT_UUID { 0xcb3e5ba0, 0xadf1, 0x11e0, \
	{ 0x99, 0x8b, 0x00, 0x02, 0xa5, 0xd5, 0xc5, 0x1b } }

/*
 * SHA-256 of a memref:
 * in	params[0].memref
 * out	params[1].memref, 32 bytes
 */
#define TA_CRYPT_CMD_SHA256           2

/* AES-256 in the mode ECB, with a key that is part of the application. */
#define TA_CRYPT_CMD_AES256ECB_ENC    3
#define TA_CRYPT_CMD_AES256ECB_DEC    4

/* Operations of the Internal Core API, one each */
#define TA_CRYPT_CMD_ALLOCATE_OPERATION             5
#define TA_CRYPT_CMD_DIGEST_DO_FINAL                13
#define TA_CRYPT_CMD_RANDOM_NUMBER_GENERATE         32
#define TA_CRYPT_CMD_SET_GLOBAL                     40
#define TA_CRYPT_CMD_GET_GLOBAL                     41

/* Results of steps of a key's derivation */
#define TA_CRYPT_SHA256_SIZE	(256U >> 3)
#define TA_CRYPT_ARG_FLAG_INIT	BIT(0)
#define TA_CRYPT_ARG_FLAG_FINAL	BIT(4)

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What OP-TEE's example acipher has, in our words. */
#ifndef __ACIPHER_TA_H
#define __ACIPHER_TA_H

/* UUID of the example; both braces are closed on the last line */
#define TA_ACIPHER_UUID	{ 0xa734eed9, 0xd6a1, 0x4244, { \
	0xaa, 0x50, 0x7c, 0x99, 0x71, 0x9e, 0x7b, 0x7b } }

/*
 * in	params[0].value.a	size of the key in bits
 */
#define TA_ACIPHER_CMD_GEN_KEY	0

/*
 * in	params[1].memref	input
 * out	params[2].memref	output
 */
#define TA_ACIPHER_CMD_ENCRYPT	1

#endif

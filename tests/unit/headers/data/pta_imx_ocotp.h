/* SPDX-License-Identifier: BSD-2-Clause */
/* What i.MX boards have for their fuses, in our words. */
#ifndef __PTA_IMX_OCOTP_H
#define __PTA_IMX_OCOTP_H

#define PTA_OCOTP_UUID                                                         \
	{                                                                      \
		0x9abdf255, 0xd8fa, 0x40de,                                    \
		{                                                              \
			0x8f, 0x60, 0x4d, 0x0b, 0x27, 0x92, 0x7b, 0x7d         \
		}                                                              \
	}

/**
 * Read the unique number of the chip
 *
 * params[0].memref.buffer	8 bytes
 */
#define PTA_OCOTP_CMD_CHIP_UID 0

/**
 * Read a fuse
 *
 * params[0].value.a	bank
 * params[0].value.b	word
 * params[1].value.a	the fuse
 */
#define PTA_OCOTP_CMD_READ_FUSE 1

#endif /* __PTA_IMX_OCOTP_H */

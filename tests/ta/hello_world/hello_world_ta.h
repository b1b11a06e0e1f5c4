/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HELLO_WORLD_TA_H
#define HELLO_WORLD_TA_H

#define HELLO_WORLD_UUID \
	{ 0x8aaaf200, 0x2450, 0x11e4, \
		{ 0xab, 0xe2, 0x00, 0x02, 0xa5, 0xd5, 0xc5, 0x1b } }

/* Both take one VALUE_INOUT in slot 0 and change its a by one. */
#define HELLO_WORLD_INCREMENT	0
#define HELLO_WORLD_DECREMENT	1

#endif

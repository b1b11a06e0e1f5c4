// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "internal.h"

#ifdef __aarch64__
/*
 * The compiler copies this by pairs of vector registers, 32 bytes at a time;
 * a C library does it by 16 on processors that it has nothing special for.
 */
struct chunk {
	uint8_t bytes[256];
};

void tee_copy(void *to, const void *from, size_t size)
{
	const struct chunk *source = from;
	struct chunk *target = to;

	for (; size >= sizeof(*source); size -= sizeof(*source))
		*target++ = *source++;
	memcpy(target, source, size);
}
#else
void tee_copy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
}
#endif

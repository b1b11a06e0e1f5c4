// SPDX-License-Identifier: BSD-2-Clause
/* memcpy() and memset() for large memory, faster than those of C libraries. */
#include <string.h>

#include "internal.h"

#ifdef __aarch64__
/*
 * The compiler moves this with pairs of vector registers, 32 bytes at a time. A
 * C library without code for the processor at hand moves 16 bytes at a time.
 */
struct chunk {
	uint8_t bytes[256];
};

/* Chunks in each round of a loop, so that the rounds cost little. */
#define CHUNKS 4

void tee_copy(void *to, const void *from, size_t size)
{
	const struct chunk *source = from;
	struct chunk *target = to;

	for (; size >= CHUNKS * sizeof(*source); size -= CHUNKS * sizeof(*source)) {
		target[0] = source[0];
		target[1] = source[1];
		target[2] = source[2];
		target[3] = source[3];
		source += CHUNKS;
		target += CHUNKS;
	}
	memcpy(target, source, size);
}

void tee_wipe(void *memory, size_t size)
{
	struct chunk *target = memory;

	for (; size >= CHUNKS * sizeof(*target); size -= CHUNKS * sizeof(*target)) {
		memset(&target[0], 0, sizeof(*target));
		memset(&target[1], 0, sizeof(*target));
		memset(&target[2], 0, sizeof(*target));
		memset(&target[3], 0, sizeof(*target));
		target += CHUNKS;
	}
	memset(target, 0, size);
}
#else
void tee_copy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
}

void tee_wipe(void *memory, size_t size)
{
	memset(memory, 0, size);
}
#endif

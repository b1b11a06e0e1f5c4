// SPDX-License-Identifier: BSD-2-Clause
/*
 * The memory that is shared in a context: the blocks behind TEEC_SharedMemory
 * structures, by a number that no other block ever has. A program can copy a
 * structure and release both, or change what is in it. Then a descriptor would
 * be closed, or memory unmapped, that is somebody else's by now.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int tee_held_memory_add(struct tee_held_memory *held,
			const struct tee_block *block, uintptr_t *serial)
{
	size_t room = held->room ? held->room * 2 : 8;
	struct tee_held_block *grown;

	if (held->count == held->room) {
		grown = realloc(held->blocks, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		held->blocks = grown;
		held->room = room;
	}
	*serial = ++held->last_serial;
	held->blocks[held->count].serial = *serial;
	held->blocks[held->count].block = *block;
	held->count++;
	return 0;
}

/* The numbers grow, so the blocks are in order. */
bool tee_held_memory_remove(struct tee_held_memory *held, uintptr_t serial,
			    struct tee_block *block)
{
	size_t first = 0, beyond = held->count, middle;
	struct tee_held_block *found;

	while (first < beyond) {
		middle = first + (beyond - first) / 2;
		if (held->blocks[middle].serial < serial)
			first = middle + 1;
		else
			beyond = middle;
	}
	if (first == held->count || held->blocks[first].serial != serial)
		return false;
	found = &held->blocks[first];
	*block = found->block;
	held->count--;
	memmove(found, found + 1, (held->count - first) * sizeof(*found));
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device in these programs answers that has no memory of its own to map. */
#ifndef NO_MAPPINGS_H
#define NO_MAPPINGS_H

#include <stddef.h>

static int device_mmap(void *device, int fd, size_t size, void **address)
{
	(void)device;
	(void)fd;
	(void)size;
	(void)address;
	return -1;
}

static int device_munmap(void *device, void *address, size_t size)
{
	(void)device;
	(void)address;
	(void)size;
	return 0;
}

#endif

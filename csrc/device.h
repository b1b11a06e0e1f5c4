/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam between the library and the kernel that serves it. Everything that
 * the library asks of a TEE device goes through a struct tee_device_ops, shaped
 * like the system calls, so that another kernel can answer instead of Linux.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linux_tee.h"
#include "tee_client_api.h"

#pragma GCC visibility push(hidden)

/*
 * device is the pointer given to tee_context_initialize(). Each function
 * returns a negative errno on failure. open and the ioctls that create memory
 * return descriptors that are closed on exec. mmap maps length bytes from the
 * start of fd, shared, for reading and writing.
 */
struct tee_device_ops {
	int (*open)(void *device, const char *path);
	int (*ioctl)(void *device, int fd, unsigned long request,
		     void *argument);
	int (*mmap)(void *device, int fd, size_t length, void **address);
	int (*munmap)(void *device, void *address, size_t length);
	int (*close)(void *device, int fd);
};

/* The running kernel; its device pointer is not used. */
extern const struct tee_device_ops tee_device_linux;

/*
 * TEEC_InitializeContext() on the kernel behind ops. version, which may be
 * NULL, receives the version of the last device that was asked, even of one that
 * was refused for it; all zeros if none answered.
 */
TEEC_Result tee_context_initialize(TEEC_Context *context, const char *name,
				   const struct tee_device_ops *ops,
				   void *device,
				   struct tee_ioctl_version_data *version);

/*
 * Anonymous, zeroed, page-aligned memory of the process itself, to be shared
 * with a TEE; returns a negative errno. size must not be 0.
 */
int tee_pages_map(size_t size, void **address);
/* The same; a child of the process sees zeros where the kernel can do that. */
int tee_pages_map_private(size_t size, void **address);
void tee_pages_unmap(void *address, size_t size);

/* True if nothing else is in the pages of size bytes at address. */
bool tee_pages_are_whole(const void *address, size_t size);

/*
 * Returns -EFAULT unless the process can read all of size bytes, or write them
 * if writable; 0 where the system does not tell.
 */
int tee_pages_check(const void *address, size_t size, bool writable);

#pragma GCC visibility pop

#endif

// SPDX-License-Identifier: BSD-2-Clause
/* A device whose system calls are answered in Python. */
#include <string.h>
#include <sys/mman.h>

#include "device.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int python_device_open(void *device, const char *path);
static int python_device_ioctl(void *device, int fd, unsigned long request,
			       uintptr_t argument);
static int python_device_mmap(void *device, int fd, size_t length,
			      void **address);
static int python_device_munmap(void *device, void *address, size_t length);
static int python_device_close(void *device, int fd);

struct range {
	uintptr_t start;
	size_t size;
};

/*
 * The message of this thread's call into a kernel in Python. It is on the stack
 * of the library, so it can be read and written without asking Linux.
 */
static __thread struct {
	struct range argument;
	struct range buffer;
} message;

static bool is_within(const struct range *range, uint64_t address, size_t size)
{
	return address >= range->start && size <= range->size &&
	       address - range->start <= range->size - size;
}

static bool is_of_call(uint64_t address, size_t size)
{
	return is_within(&message.argument, address, size) ||
	       is_within(&message.buffer, address, size);
}

static int ioctl_by_address(void *device, int fd, unsigned long request,
			    void *argument)
{
	const struct tee_ioctl_buf_data *data = argument;
	__typeof__(message) before = message;
	int ret;

	memset(&message, 0, sizeof(message));
	if (request == TEE_IOC_OPEN_SESSION || request == TEE_IOC_INVOKE) {
		message.argument.start = (uintptr_t)argument;
		message.argument.size = sizeof(*data);
		message.buffer.start = (uintptr_t)data->buf_ptr;
		message.buffer.size = data->buf_len;
	}
	ret = python_device_ioctl(device, fd, request, (uintptr_t)argument);
	/* An application in Python may have made a call itself. */
	message = before;
	return ret;
}

/*
 * An address that can't be written would be a signal later. Linux says it fast of
 * all memory but a device's, and none before 5.14.
 */
static int mmap_checked(void *device, int fd, size_t length, void **address)
{
	int ret;

	*address = NULL;
	ret = python_device_mmap(device, fd, length, address);
	if (ret || !madvise(*address, length, MADV_POPULATE_WRITE))
		return ret;
	return tee_pages_check(*address, length, true);
}

static const struct tee_device_ops python_device = {
	.open = python_device_open,
	.ioctl = ioctl_by_address,
	.mmap = mmap_checked,
	.munmap = python_device_munmap,
	.close = python_device_close,
};

/* On the kernel whose handle is device, or on Linux if device is NULL. */
static TEEC_Result context_initialize(TEEC_Context *context, const char *name,
				      void *device,
				      struct tee_ioctl_version_data *version)
{
	return tee_context_initialize(context, name,
				      device ? &python_device :
					       &tee_device_linux,
				      device, version);
}

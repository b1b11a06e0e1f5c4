// SPDX-License-Identifier: BSD-2-Clause
/*
 * The memory of a program, as a kernel in Python reaches it. Linux says whether
 * an address can be read or written, so that a bad one is no signal. Functions
 * return 0 or a negative errno unless they say otherwise.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "linux_tee.h"

static int copy_from_user(void *buffer, uint64_t address, size_t size)
{
	struct iovec local = { .iov_base = buffer, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address,
				.iov_len = size };
	ssize_t done;

	if (is_of_call(address, size)) {
		memcpy(buffer, (void *)(uintptr_t)address, size);
		return 0;
	}
	done = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	if (done < 0)
		return -errno;
	return (size_t)done == size ? 0 : -EFAULT;
}

/*
 * Copies the structure at address, which says where a buffer is and how long it
 * is; and behind it the buffer, if there is room and it can be read. Returns the
 * number of bytes copied, or a negative errno.
 */
static int copy_buffer_from_user(char *copy, size_t room, uint64_t address)
{
	struct tee_ioctl_buf_data where;
	int result = copy_from_user(&where, address, sizeof(where));

	if (result)
		return result;
	memcpy(copy, &where, sizeof(where));
	if (where.buf_len > room - sizeof(where) ||
	    copy_from_user(copy + sizeof(where), where.buf_ptr, where.buf_len))
		return sizeof(where);
	return (int)(sizeof(where) + where.buf_len);
}

static int copy_to_user(uint64_t address, const void *buffer, size_t size)
{
	struct iovec local = { .iov_base = (void *)buffer, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address,
				.iov_len = size };
	ssize_t done;

	if (is_of_call(address, size)) {
		memcpy((void *)(uintptr_t)address, buffer, size);
		return 0;
	}
	done = process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
	if (done < 0)
		return -errno;
	return (size_t)done == size ? 0 : -EFAULT;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static bool can_write(uint64_t address, uint64_t size)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t start = address & ~(page - 1);
	char own;

	if (!madvise((void *)(uintptr_t)start, address + size - start,
		     MADV_POPULATE_WRITE))
		return true;
	/* EINVAL: Linux before 5.14 says it of all pages, a later one of some. */
	start = (uint64_t)(uintptr_t)&own & ~(page - 1);
	return errno == EINVAL &&
	       madvise((void *)(uintptr_t)start, page, MADV_POPULATE_WRITE);
}

/* 0 if all can be written, -ENOMEM if only the start can, or else -EFAULT. */
static int check_user_pages(uint64_t address, size_t size)
{
	if (!can_write(address, 1))
		return -EFAULT;
	return can_write(address, size) ? 0 : -ENOMEM;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The memory of a program, as a kernel in Python reaches it. Linux says whether
 * an address can be read or written, so that a bad one is no signal. Functions
 * return 0 or a negative errno unless they say otherwise.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
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

/* A part of a page, on all processors. */
#define CHUNK 4096

static uint64_t word_at(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static bool has_zero_byte(uint64_t word)
{
	const uint64_t ones = UINT64_MAX / 0xff;

	return (word - ones) & ~word & (ones << 7);
}

/*
 * Stores the bytes of after that differ from before, and no other byte: the
 * program may be writing those. What pattern they make must not matter, so there
 * is no branch for a byte.
 */
static void store_changes(char *to, const char *before, const char *after,
			  size_t size)
{
	uint16_t changed[CHUNK];
	size_t count = 0;
	size_t place = 0;
	size_t i;

	while (place < size) {
		size_t end = size;

		if (size - place >= sizeof(uint64_t)) {
			uint64_t difference =
				word_at(before + place) ^ word_at(after + place);

			end = place + sizeof(uint64_t);
			if (!difference) {
				place = end;
				continue;
			}
			if (!has_zero_byte(difference)) {
				memcpy(to + place, after + place,
				       sizeof(uint64_t));
				place = end;
				continue;
			}
		}
		for (; place < end; place++) {
			changed[count] = (uint16_t)place;
			count += before[place] != after[place];
		}
	}
	for (i = 0; i < count; i++)
		to[changed[i]] = after[changed[i]];
}

/*
 * Writes what differs between two copies of the size bytes at address, of which
 * the second was changed. Linux writes the first byte of each page that has some,
 * and so says whether the page can be written. A page that can't is left out.
 * Returns how many pages were written to.
 */
static size_t write_changes(uint64_t address, const char *before,
			    const char *after, size_t size)
{
	size_t pages = 0;
	size_t start = 0;

	while (start < size) {
		size_t length = CHUNK - (address + start) % CHUNK;
		size_t first = start;

		if (length > size - start)
			length = size - start;
		start += length;
		if (!memcmp(before + first, after + first, length))
			continue;
		while (before[first] == after[first])
			first++;
		if (copy_to_user(address + first, after + first, 1))
			continue;
		first++;
		store_changes((char *)(uintptr_t)(address + first),
			      before + first, after + first, start - first);
		pages++;
	}
	return pages;
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

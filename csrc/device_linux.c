// SPDX-License-Identifier: BSD-2-Clause
/* The running kernel as a device, and pages of the process to share with it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"

#define HUGE_PAGE ((size_t)2 << 20)

/*
 * Opening a device can have effects: a watchdog starts to run. So anything that
 * is not a TEE device is refused before it is opened.
 */
static int check_tee_device(const char *path)
{
	char link[64], target[256], *class;
	struct stat status;
	ssize_t length;

	if (stat(path, &status))
		return -errno;
	if (!S_ISCHR(status.st_mode))
		return -ENOTTY;

	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u/subsystem",
		 major(status.st_rdev), minor(status.st_rdev));
	length = readlink(link, target, sizeof(target) - 1);
	/* Without sysfs, as in some containers, the version ioctl decides. */
	if (length < 0)
		return 0;

	target[length] = '\0';
	class = strrchr(target, '/');
	return strcmp(class ? class + 1 : target, "tee") ? -ENOTTY : 0;
}

/* Looking at the device itself costs more than the rest of opening it. */
static bool is_named_by_the_kernel(const char *path)
{
	static const char prefix[] = "/dev/tee";

	if (strncmp(path, prefix, sizeof(prefix) - 1))
		return false;
	path += sizeof(prefix) - 1;
	if (!*path)
		return false;
	while (*path >= '0' && *path <= '9')
		path++;
	return !*path;
}

static int linux_open(void *device, const char *path)
{
	int fd, ret;

	(void)device;
	if (!is_named_by_the_kernel(path)) {
		ret = check_tee_device(path);
		if (ret)
			return ret;
	}

	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool creates_descriptor(unsigned long request)
{
	return request == TEE_IOC_SHM_ALLOC ||
	       request == TEE_IOC_SHM_REGISTER ||
	       request == TEE_IOC_SHM_REGISTER_FD;
}

static int linux_ioctl(void *device, int fd, unsigned long request,
		       void *argument)
{
	int ret, error;

	(void)device;
	ret = ioctl(fd, request, argument);
	if (ret < 0)
		return -errno;
	/* The kernel can't create it with close-on-exec set. */
	if (creates_descriptor(request) &&
	    fcntl(ret, F_SETFD, FD_CLOEXEC) < 0) {
		error = errno;
		close(ret);
		return -error;
	}
	return ret;
}

static int linux_mmap(void *device, int fd, size_t length, void **address)
{
	void *mapping;

	(void)device;
	mapping = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapping == MAP_FAILED)
		return -errno;
	*address = mapping;
	return 0;
}

static int linux_munmap(void *device, void *address, size_t length)
{
	(void)device;
	return munmap(address, length) ? -errno : 0;
}

static int linux_close(void *device, int fd)
{
	(void)device;
	return close(fd) ? -errno : 0;
}

const struct tee_device_ops tee_device_linux = {
	.open = linux_open,
	.ioctl = linux_ioctl,
	.mmap = linux_mmap,
	.munmap = linux_munmap,
	.close = linux_close,
};

static bool is_large(size_t size)
{
	return size >= HUGE_PAGE && size <= SIZE_MAX / 2;
}

/*
 * Huge pages cost a third of small ones. Linux uses them where a whole one fits,
 * so a large mapping begins and ends at the edge of one. The TEE is given size
 * bytes of it.
 */
static size_t mapped_length(size_t size)
{
	if (!is_large(size))
		return size;
	return (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
}

static int map_pages(size_t size, int flags, void **address)
{
	size_t length = mapped_length(size), head;
	size_t surplus = is_large(size) ? HUGE_PAGE : 0;
	char *mapping;

	mapping = mmap(NULL, length + surplus, PROT_READ | PROT_WRITE,
		       flags | MAP_ANONYMOUS, -1, 0);
	if (mapping == MAP_FAILED)
		return -errno;
	if (surplus) {
		head = -(uintptr_t)mapping & (HUGE_PAGE - 1);
		if (head)
			munmap(mapping, head);
		mapping += head;
		munmap(mapping + length, surplus - head);
	}
	*address = mapping;
	return 0;
}

/*
 * Shared, so that after a fork both parent and child have the pages that the TEE
 * sees, and neither has a copy.
 */
int tee_pages_map(size_t size, void **address)
{
	return map_pages(size, MAP_SHARED, address);
}

int tee_pages_map_private(size_t size, void **address)
{
	int ret;

	ret = map_pages(size, MAP_PRIVATE, address);
	if (ret)
		return ret;
	/* Otherwise the first write after a fork would go to a copy of the page. */
	if (!madvise(*address, mapped_length(size), MADV_WIPEONFORK))
		return 0;
	tee_pages_unmap(*address, size);
	return tee_pages_map(size, address);
}

void tee_pages_unmap(void *address, size_t size)
{
	munmap(address, mapped_length(size));
}

bool tee_pages_are_whole(const void *address, size_t size)
{
	uintptr_t mask = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;

	return !(((uintptr_t)address | size) & mask);
}

int tee_pages_check(const void *address, size_t size, bool writable)
{
	uintptr_t next = (uintptr_t)address, first, beyond;
	char line[512], readable_mark, writable_mark;
	bool line_begins = true, fits;
	FILE *maps;

	if (size > UINTPTR_MAX - next)
		return -EFAULT;
	maps = fopen("/proc/self/maps", "re");
	if (!maps)
		return 0;
	while (size && fgets(line, sizeof(line), maps)) {
		fits = line_begins &&
		       sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %c%c", &first,
			      &beyond, &readable_mark, &writable_mark) == 4;
		line_begins = strchr(line, '\n');
		if (!fits || beyond <= next)
			continue;
		if (first > next || readable_mark != 'r' ||
		    (writable && writable_mark != 'w'))
			break;
		size -= size < beyond - next ? size : beyond - next;
		next = beyond;
	}
	fclose(maps);
	return size ? -EFAULT : 0;
}

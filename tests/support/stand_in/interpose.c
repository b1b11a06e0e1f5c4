// SPDX-License-Identifier: BSD-2-Clause
/*
 * The functions of the C library that lead to the device, in their place. What
 * is not for the device goes to the kernel. No signal interrupts what is: signals
 * are handled at the end of the call, as at the end of a system call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

void __libc_free(void *memory);
void *__libc_realloc(void *memory, size_t size);

static __thread sigset_t mask_before;

static void block_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
	mask_before = *before;
}

const sigset_t *program_mask(void)
{
	return &mask_before;
}

static int finish(const sigset_t *before, int ret)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* What a rule makes of a call that has no argument: 0, or a negative errno. */
static int follow_rule(uint64_t request)
{
	struct stand_in_rule *rule = take_rule(request);

	if (!rule)
		return 0;
	obey(rule, 0, 0);
	return -rule->error;
}

/* The number of a device of the name, -1 for a supplicant's; -2 if it is none. */
static int number_of_device(const char *path)
{
	static const char prefix[] = "/dev/tee";
	char *end;
	long number;

	if (!state || strncmp(path, prefix, sizeof(prefix) - 1))
		return -2;
	path += sizeof(prefix) - 1;
	if (*path < '0' || *path > '9')
		return strncmp(path, "priv", 4) ? -2 : -1;
	number = strtol(path, &end, 10);
	return *end ? -2 : (int)number;
}

static int open_device(int number, const char *path, int flags)
{
	const struct stand_in_object content = { .kind = STAND_IN_DEVICE };
	struct {
		int flags;
		char path[32];
	} noted = { .flags = flags };
	struct stand_in_call *call;
	uint32_t object;
	int ret;

	strncpy(noted.path, path, sizeof(noted.path) - 1);
	call = note(STAND_IN_OPEN, -1, &noted,
		    sizeof(flags) + strlen(noted.path));
	ret = follow_rule(STAND_IN_OPEN);
	if (!ret && (number < 0 || (uint32_t)number >= state->devices))
		ret = -ENOENT;
	if (!ret)
		ret = new_object(flags & O_CLOEXEC, &content, &object);
	if (ret >= 0)
		call->object = (int32_t)object;
	call->result = ret;
	return ret;
}

static int do_open(int folder, const char *path, int flags, mode_t mode)
{
	int number = path ? number_of_device(path) : -2;
	sigset_t before;

	if (number == -2) {
		if (state && path && !strncmp(path, "/dev/", 5))
			note(STAND_IN_OPEN_OTHER, -1, path, strlen(path));
		return (int)syscall(SYS_openat, folder, path, flags, mode);
	}
	block_signals(&before);
	return finish(&before, open_device(number, path, flags));
}

static mode_t mode_of(int flags, va_list arguments)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ?
		       va_arg(arguments, mode_t) :
		       0;
}

int openat(int folder, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return do_open(folder, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return do_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
	__attribute__((alias("open")));
int openat64(int folder, const char *path, int flags, ...)
	__attribute__((alias("openat")));

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
	__attribute__((alias("__open_2")));

int close(int fd)
{
	int error = errno, object = object_of(fd), ret;
	sigset_t before;

	errno = error;
	if (object < 0)
		return (int)syscall(SYS_close, fd);
	block_signals(&before);
	note(STAND_IN_CLOSE, object, NULL, 0);
	ret = follow_rule(STAND_IN_CLOSE);
	/* Linux closes whatever it returns. */
	syscall(SYS_close, fd);
	errno = error;
	return finish(&before, ret);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;
	sigset_t before;
	int error = errno, object;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	object = object_of(fd);
	errno = error;
	if (object < 0)
		return (int)syscall(SYS_ioctl, fd, request, argument);
	block_signals(&before);
	return finish(&before,
		      device_ioctl((uint32_t)object, request, argument));
}

int fcntl(int fd, int command, ...)
{
	va_list arguments;
	void *argument;
	sigset_t before;
	int error = errno, object, ret;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	object = object_of(fd);
	errno = error;
	if (object < 0)
		return (int)syscall(SYS_fcntl, fd, command, argument);
	block_signals(&before);
	note(STAND_IN_FCNTL, object, &command, sizeof(command));
	ret = follow_rule(STAND_IN_FCNTL);
	if (!ret) {
		ret = (int)syscall(SYS_fcntl, fd, command, argument);
		if (ret < 0)
			ret = -errno;
	}
	return finish(&before, ret);
}

int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));

static int64_t map_object(uint32_t object, void *address, size_t length,
			  int protection, int flags)
{
	struct stand_in_call *call;
	int64_t ret;

	call = note(STAND_IN_MMAP, (int)object, &length, sizeof(length));
	ret = follow_rule(STAND_IN_MMAP);
	if (!ret && state->objects[object].kind != STAND_IN_BLOCK)
		ret = -EINVAL;
	/* As the driver does. */
	if (!ret && length > state->objects[object].size)
		ret = -EINVAL;
	if (!ret) {
		ret = syscall(SYS_mmap, address, length, protection, flags,
			      state_file, block_place((int32_t)object));
		if (ret == -1)
			ret = -errno;
	}
	call->result = ret < 0 ? (int)ret : 0;
	return ret;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd,
	   off_t offset)
{
	int error = errno, object = object_of(fd);
	sigset_t before;
	int64_t ret;

	errno = error;
	if (object < 0)
		return (void *)syscall(SYS_mmap, address, length, protection,
				       flags, fd, offset);
	block_signals(&before);
	ret = map_object((uint32_t)object, address, length, protection, flags);
	if (ret < 0 && ret > -4096)
		return (void *)(intptr_t)finish(&before, (int)ret);
	finish(&before, 0);
	return (void *)(intptr_t)ret;
}

void *mmap64(void *address, size_t length, int protection, int flags, int fd,
	     off_t offset) __attribute__((alias("mmap")));

/* Memory that is unmapped is not checked: nobody else gets pages of a device. */
void free(void *memory)
{
	if (state && memory)
		check_unused(memory, malloc_usable_size(memory));
	__libc_free(memory);
}

void *realloc(void *memory, size_t size)
{
	if (state && memory)
		check_unused(memory, malloc_usable_size(memory));
	return __libc_realloc(memory, size);
}

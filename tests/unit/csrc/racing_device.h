/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device for many threads at once, in the program itself. It has no lock, and
 * its numbers are atomic without any order: it must not bring threads in order
 * that the library leaves without one.
 */
#ifndef RACING_DEVICE_H
#define RACING_DEVICE_H

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "internal.h"

#define RELAXED memory_order_relaxed
#define IDS 65536
#define DEVICE_FD 3
#define MEMORY_FD 100

/* WAITING runs until it is cancelled. */
enum command { ADDING, WAITING };

static atomic_int open_devices, open_memory, open_sessions;
static atomic_uint last_memory, last_session;
static _Atomic(uintptr_t) addresses[IDS];
static atomic_bool is_open[IDS], is_cancelled[IDS];

static inline int racing_open(void *device, const char *path)
{
	(void)device;
	(void)path;
	atomic_fetch_add_explicit(&open_devices, 1, RELAXED);
	return DEVICE_FD;
}

static inline int close_session(uint32_t id)
{
	if (!atomic_exchange_explicit(&is_open[id % IDS], false, RELAXED))
		return -EINVAL;
	atomic_fetch_sub_explicit(&open_sessions, 1, RELAXED);
	return 0;
}

static inline void open_session(struct tee_ioctl_open_session_arg *arg)
{
	arg->session =
		atomic_fetch_add_explicit(&last_session, 1, RELAXED) + 1;
	atomic_store_explicit(&is_open[arg->session % IDS], true, RELAXED);
	atomic_fetch_add_explicit(&open_sessions, 1, RELAXED);
	arg->ret = TEEC_SUCCESS;
	arg->ret_origin = TEEC_ORIGIN_TRUSTED_APP;
}

/* Adds 1 to each number and each byte that it may write, and reads the others. */
static inline void add(struct tee_ioctl_param *param)
{
	volatile uint8_t *bytes, byte;
	uint64_t i;

	if (param->attr < TEEC_MEMREF_TEMP_INPUT) {
		param->a += param->attr == TEEC_VALUE_INOUT;
		return;
	}
	bytes = (uint8_t *)atomic_load_explicit(&addresses[param->c % IDS],
						RELAXED) + param->a;
	for (i = 0; i < param->b; i++) {
		byte = bytes[i];
		if (param->attr != TEEC_MEMREF_TEMP_INPUT)
			bytes[i] = byte + 1;
	}
}

static inline int invoke(struct tee_ioctl_invoke_arg *arg)
{
	struct tee_ioctl_param *params = (void *)(arg + 1);
	uint32_t i;

	if (!atomic_load_explicit(&is_open[arg->session % IDS], RELAXED))
		return -EINVAL;
	arg->ret = TEEC_SUCCESS;
	arg->ret_origin = TEEC_ORIGIN_TRUSTED_APP;
	for (i = 0; i < arg->num_params; i++)
		add(&params[i]);
	if (arg->func != WAITING)
		return 0;
	while (!atomic_exchange_explicit(&is_cancelled[arg->cancel_id % IDS],
					 false, RELAXED))
		sched_yield();
	arg->ret = TEEC_ERROR_CANCEL;
	return 0;
}

static inline int make_memory(uintptr_t address, int32_t *id)
{
	unsigned int number =
		atomic_fetch_add_explicit(&last_memory, 1, RELAXED) + 1;

	atomic_fetch_add_explicit(&open_memory, 1, RELAXED);
	atomic_store_explicit(&addresses[number % IDS], address, RELAXED);
	*id = (int32_t)number;
	return MEMORY_FD + (int)number;
}

static inline int racing_ioctl(void *device, int fd, unsigned long request,
			       void *argument)
{
	const struct tee_ioctl_buf_data *data = argument;
	const struct tee_ioctl_cancel_arg *cancelled = argument;
	const struct tee_ioctl_close_session_arg *closed = argument;
	struct tee_ioctl_shm_register_data *registered = argument;
	struct tee_ioctl_version_data *version = argument;

	(void)device;
	if (fd != DEVICE_FD)
		return -EBADF;
	switch (request) {
	case TEE_IOC_VERSION:
		version->gen_caps = TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM;
		return 0;
	case TEE_IOC_OPEN_SESSION:
		open_session((void *)(uintptr_t)data->buf_ptr);
		return 0;
	case TEE_IOC_CLOSE_SESSION:
		return close_session(closed->session);
	case TEE_IOC_INVOKE:
		return invoke((void *)(uintptr_t)data->buf_ptr);
	case TEE_IOC_CANCEL:
		atomic_store_explicit(&is_cancelled[cancelled->cancel_id % IDS],
				      true, RELAXED);
		return 0;
	case TEE_IOC_SHM_REGISTER:
		return make_memory(registered->addr, &registered->id);
	default:
		return -ENOTTY;
	}
}

static inline int racing_mmap(void *device, int fd, size_t size, void **address)
{
	(void)device;
	(void)fd;
	(void)size;
	(void)address;
	return -ENODEV;
}

static inline int racing_munmap(void *device, void *address, size_t size)
{
	(void)device;
	(void)address;
	(void)size;
	return -ENODEV;
}

static inline int racing_close(void *device, int fd)
{
	(void)device;
	atomic_fetch_sub_explicit(fd == DEVICE_FD ? &open_devices :
						    &open_memory, 1, RELAXED);
	return 0;
}

static const struct tee_device_ops racing_device = {
	.open = racing_open,
	.ioctl = racing_ioctl,
	.mmap = racing_mmap,
	.munmap = racing_munmap,
	.close = racing_close,
};

#endif

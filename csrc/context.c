// SPDX-License-Identifier: BSD-2-Clause
/*
 * A TEEC_Context: a device that is open. The structure has no room for what the
 * library must know, and programs copy, free and finalise it at the wrong
 * moment. So it holds only a handle: the place in a table, and how often that
 * place was given out.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define DEVICES 16
#define HANDLE_INDEX_BITS 16
#define HANDLE_INDEX_MASK ((1U << HANDLE_INDEX_BITS) - 1)

_Static_assert(sizeof(void *) != 8 || sizeof(TEEC_Context) == 8, "libteec.so.2");
_Static_assert(offsetof(TEEC_Context, imp.memref_null) == 5, "libteec.so.2");

struct table_entry {
	struct tee_context *context;
	uint16_t generation;
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct table_entry *table;
static size_t table_size;

static void lock_table(void)
{
	pthread_mutex_lock(&table_lock);
}

static void unlock_table(void)
{
	pthread_mutex_unlock(&table_lock);
}

void tee_context_before_fork(void)
{
	lock_table();
}

void tee_context_after_fork(bool is_child)
{
	size_t i;

	/* The child lacks the threads that are in calls of its parent's. */
	for (i = 0; is_child && i < table_size; i++)
		if (table[i].context)
			table[i].context->users = 0;
	unlock_table();
}

/*
 * A place whose generations are used up is not used again: an old copy of a
 * structure never stands for a new context.
 */
static struct table_entry *find_free_entry(void)
{
	struct table_entry *grown;
	size_t i, size;

	for (i = 0; i < table_size; i++)
		if (!table[i].context && table[i].generation < UINT16_MAX)
			return &table[i];

	size = table_size ? table_size * 2 : 8;
	if (size > HANDLE_INDEX_MASK + 1)
		return NULL;
	grown = realloc(table, size * sizeof(*table));
	if (!grown)
		return NULL;
	memset(grown + table_size, 0, (size - table_size) * sizeof(*table));
	table = grown;
	table_size = size;
	return &table[i];
}

static int table_insert(struct tee_context *context)
{
	struct table_entry *entry;
	int ret = 0;

	lock_table();
	entry = find_free_entry();
	if (!entry) {
		ret = -ENOMEM;
		goto out;
	}
	/* Never 0, so that a zeroed structure is no handle. */
	entry->generation++;
	entry->context = context;
	context->handle = (uint32_t)entry->generation << HANDLE_INDEX_BITS |
			  (uint32_t)(entry - table);
out:
	unlock_table();
	return ret;
}

static struct tee_context *find_locked(uintptr_t handle)
{
	size_t index = handle & HANDLE_INDEX_MASK;
	struct tee_context *context;

	if (index >= table_size)
		return NULL;
	context = table[index].context;
	return context && context->handle == handle ? context : NULL;
}

static struct tee_context *get(uintptr_t handle, bool finalized_too)
{
	struct tee_context *context;

	lock_table();
	context = find_locked(handle);
	if (context && context->finalized && !finalized_too)
		context = NULL;
	if (context)
		context->users++;
	unlock_table();
	return context;
}

struct tee_context *tee_context_get(uintptr_t handle)
{
	return get(handle, false);
}

struct tee_context *tee_context_get_held(uintptr_t handle)
{
	return get(handle, true);
}

/* Frees what nothing holds any more. The caller has locked the table. */
static void settle_and_unlock(struct tee_context *context)
{
	const struct tee_device_ops *ops = context->ops;
	void *device = context->device;
	bool unused, unheld;
	int fd = -1;

	if (context->finalized && !context->users && context->fd >= 0) {
		context->users++;
		unlock_table();
		tee_bounce_pool_empty(context);
		lock_table();
		if (context->users)
			context->users--;
	}
	unused = context->finalized && !context->users;
	unheld = unused && !context->held.count;

	if (unused) {
		fd = context->fd;
		context->fd = -1;
	}
	if (unheld)
		table[context->handle & HANDLE_INDEX_MASK].context = NULL;
	unlock_table();

	/* From here on, releasing its last block can free the context. */
	if (fd >= 0)
		ops->close(device, fd);
	if (unheld) {
		free(context->held.blocks);
		free(context);
	}
}

void tee_context_put(struct tee_context *context)
{
	lock_table();
	/* 0 in a child that this thread forked during the call. */
	if (context->users)
		context->users--;
	settle_and_unlock(context);
}

int tee_context_hold(struct tee_context *context, const struct tee_block *block,
		     uintptr_t *serial)
{
	int ret;

	lock_table();
	ret = tee_held_memory_add(&context->held, block, serial);
	unlock_table();
	return ret;
}

bool tee_context_release(struct tee_context *context, uintptr_t serial,
			 struct tee_block *block)
{
	bool was_held;

	lock_table();
	was_held = tee_held_memory_remove(&context->held, serial, block);
	unlock_table();
	return was_held;
}

/* The descriptor of a device that fits name, or a negative errno. */
static int open_device(const struct tee_device_ops *ops, void *device,
		       const char *path, bool optee_only,
		       struct tee_ioctl_version_data *version)
{
	int fd, ret;

	memset(version, 0, sizeof(*version));
	fd = ops->open(device, path);
	/* A device that is going away returns EINVAL for a moment. */
	if (fd == -EINVAL)
		return -ENXIO;
	if (fd < 0)
		return fd;

	ret = ops->ioctl(device, fd, TEE_IOC_VERSION, version);
	if (ret < 0) {
		/* What a driver that failed wrote is no answer. */
		memset(version, 0, sizeof(*version));
		/* Other drivers return it for a request that they do not know. */
		if (ret == -EINVAL)
			ret = -ENOTTY;
		goto err_close;
	}
	if (!(version->gen_caps & TEE_GEN_CAP_GP) ||
	    version->gen_caps & TEE_GEN_CAP_PRIVILEGED) {
		ret = -EOPNOTSUPP;
		goto err_close;
	}
	if (optee_only && (version->impl_id != TEE_IMPL_ID_OPTEE ||
			   !(version->impl_caps & TEE_OPTEE_CAP_TZ))) {
		ret = -ENOENT;
		goto err_close;
	}
	return fd;

err_close:
	ops->close(device, fd);
	return ret;
}

/* The first device that fits, or why the first that exists does not. */
static int search_devices(const struct tee_device_ops *ops, void *device,
			  bool optee_only,
			  struct tee_ioctl_version_data *version)
{
	struct tee_ioctl_version_data candidate;
	int fd, i, reason = -ENOENT;
	char path[] = "/dev/tee00";
	char *digits = path + sizeof(path) - 3;

	memset(version, 0, sizeof(*version));
	for (i = 0; i < DEVICES; i++) {
		digits[0] = '0' + (i < 10 ? i : i / 10);
		digits[1] = i < 10 ? '\0' : '0' + i % 10;
		fd = open_device(ops, device, path, optee_only, &candidate);
		if (fd >= 0 || (reason == -ENOENT && fd != -ENOENT))
			*version = candidate;
		if (fd >= 0)
			return fd;
		if (reason == -ENOENT)
			reason = fd;
	}
	return reason;
}

TEEC_Result tee_context_initialize(TEEC_Context *context, const char *name,
				   const struct tee_device_ops *ops,
				   void *device,
				   struct tee_ioctl_version_data *version)
{
	struct tee_ioctl_version_data unused;
	struct tee_context *internal;
	bool optee_only;
	int ret;

	if (!version)
		version = &unused;
	memset(version, 0, sizeof(*version));
	if (!context) {
		errno = 0;
		return TEEC_ERROR_BAD_PARAMETERS;
	}

	internal = calloc(1, sizeof(*internal));
	if (!internal) {
		ret = -ENOMEM;
		goto err;
	}
	optee_only = name && !strcmp(name, "optee-tz");
	if (!name || optee_only)
		ret = search_devices(ops, device, optee_only, version);
	else if (name[0] == '/')
		ret = open_device(ops, device, name, false, version);
	else
		ret = -ENOENT;
	if (ret < 0)
		goto err_free;

	internal->ops = ops;
	internal->device = device;
	internal->fd = ret;
	internal->reg_mem = version->gen_caps & TEE_GEN_CAP_REG_MEM;
	internal->memref_null = version->gen_caps & TEE_GEN_CAP_MEMREF_NULL;
	ret = table_insert(internal);
	if (ret)
		goto err_close;

	memset(context, 0, sizeof(*context));
	context->imp.handle = internal->handle;
	context->imp.reg_mem = internal->reg_mem;
	context->imp.memref_null = internal->memref_null;
	return TEEC_SUCCESS;

err_close:
	ops->close(device, internal->fd);
err_free:
	free(internal);
err:
	errno = -ret;
	return tee_result_from_open_errno(-ret);
}

TEEC_Result TEEC_InitializeContext(const char *name, TEEC_Context *context)
{
	return tee_context_initialize(context, name, &tee_device_linux, NULL,
				      NULL);
}

void tee_context_trim(const TEEC_Context *context)
{
	struct tee_context *internal;
	int error = errno;

	internal = tee_context_get(tee_handle_of(context));
	if (!internal)
		return;
	tee_bounce_pool_empty(internal);
	tee_context_put(internal);
	errno = error;
}

void tee_context_leave(uintptr_t handle)
{
	struct tee_context *internal;
	struct tee_held_memory held;
	int fd, error = errno;
	size_t i;

	internal = tee_context_get_held(handle);
	if (!internal)
		return;
	tee_bounce_pool_leave(internal);
	lock_table();
	held = internal->held;
	memset(&internal->held, 0, sizeof(internal->held));
	fd = internal->fd;
	internal->fd = -1;
	unlock_table();

	for (i = 0; i < held.count; i++)
		tee_block_release(internal, &held.blocks[i].block);
	free(held.blocks);
	if (fd >= 0)
		internal->ops->close(internal->device, fd);
	tee_context_put(internal);
	errno = error;
}

void TEEC_FinalizeContext(TEEC_Context *context)
{
	struct tee_context *internal;
	uint32_t handle;

	if (!context)
		return;
	handle = __atomic_exchange_n(&context->imp.handle, 0, __ATOMIC_ACQ_REL);

	lock_table();
	internal = find_locked(handle);
	if (!internal || internal->finalized) {
		unlock_table();
		return;
	}
	internal->finalized = true;
	settle_and_unlock(internal);
}

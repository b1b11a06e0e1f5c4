// SPDX-License-Identifier: BSD-2-Clause
/*
 * A TEEC_SharedMemory: memory that a client shares with the TEE. Its imp.kind
 * says how it is shared: as a block of the library's own, in place, by a copy
 * in each operation, or as a descriptor of somebody else's memory.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

_Static_assert(sizeof(void *) != 8 || sizeof(TEEC_SharedMemory) == 56,
	       "libteec.so.2");
_Static_assert(sizeof(void *) != 8 || offsetof(TEEC_SharedMemory, imp) == 24,
	       "libteec.so.2");

#define DIRECTIONS (TEEC_MEM_INPUT | TEEC_MEM_OUTPUT)

/* Values that an uninitialised structure is unlikely to hold. */
enum memory_kind {
	MEMORY_NONE = 0,
	MEMORY_ALLOCATED = 0x54454101,
	MEMORY_REGISTERED = 0x54454102,
	/* The client's memory, which each operation copies. */
	MEMORY_COPIED = 0x54454103,
	MEMORY_DESCRIPTOR = 0x54454104,
};

static bool kind_is_live(uint32_t kind)
{
	return kind >= MEMORY_ALLOCATED && kind <= MEMORY_DESCRIPTOR;
}

/* Another thread may be releasing it. */
static uint32_t kind_of(const TEEC_SharedMemory *memory)
{
	return __atomic_load_n(&memory->imp.kind, __ATOMIC_RELAXED);
}

bool tee_memory_is_live(const struct tee_context *context,
			const TEEC_SharedMemory *memory)
{
	return kind_is_live(kind_of(memory)) &&
	       memory->imp.context == context->handle;
}

bool tee_memory_is_in_place(const TEEC_SharedMemory *memory)
{
	return kind_of(memory) != MEMORY_COPIED;
}

static bool flags_are_valid(uint32_t flags)
{
	return flags && !(flags & ~(uint32_t)DIRECTIONS);
}

/* On failure the block is released. */
static int make_live(struct tee_context *context, TEEC_SharedMemory *memory,
		     enum memory_kind kind, struct tee_block *block)
{
	int ret;

	ret = tee_context_hold(context, block, &memory->imp.serial);
	if (ret) {
		tee_block_release(context, block);
		return ret;
	}
	memory->imp.context = context->handle;
	memory->imp.kind = kind;
	memory->imp.id = block->id;
	memory->imp.fd = block->fd;
	return 0;
}

static TEEC_Result fail(int error)
{
	errno = error;
	return tee_result_from_errno(error);
}

static TEEC_Result fail_parameters(void)
{
	errno = 0;
	return TEEC_ERROR_BAD_PARAMETERS;
}

/* The live context to share memory in; NULL if that is not possible. */
static struct tee_context *begin_sharing(TEEC_Context *context,
					 TEEC_SharedMemory *memory,
					 bool is_possible)
{
	if (!memory)
		return NULL;
	memset(&memory->imp, 0, sizeof(memory->imp));
	if (!context || !flags_are_valid(memory->flags) || !is_possible)
		return NULL;
	return tee_context_get(tee_handle_of(context));
}

/*
 * The kernel registers only memory that it can write, whatever the direction.
 * Memory that can only be read still serves as input, by copies.
 */
static bool is_wanted_to_be_written(int error, const TEEC_SharedMemory *memory)
{
	if (memory->flags & TEEC_MEM_OUTPUT)
		return false;
	return error == -EFAULT ||
	       (error == -ENOMEM &&
		tee_pages_check(memory->buffer, memory->size, true));
}

/* True if the TEE accepts as much memory of the library's own. */
static bool can_have(struct tee_context *context, size_t size)
{
	struct tee_block block;

	if (tee_block_allocate(context, size, false, &block))
		return false;
	tee_block_release(context, &block);
	return true;
}

/*
 * Shares the client's memory itself; -EOPNOTSUPP if only copies are possible.
 * OP-TEE's driver returns EINVAL for a type of memory that it does not share
 * (which types depends on the kernel's release), and also for a TEE without
 * room. Memory that is not all mapped is ENOMEM on some releases, and on others
 * is registered in part.
 */
static int register_in_place(struct tee_context *context,
			     const TEEC_SharedMemory *memory,
			     struct tee_block *block)
{
	int ret;

	ret = tee_block_register(context, memory->buffer, memory->size, block);
	if (!ret)
		return 0;
	if (is_wanted_to_be_written(ret, memory))
		return -EOPNOTSUPP;
	if (ret == -EINVAL)
		return can_have(context, memory->size) ? -EOPNOTSUPP : -ENOMEM;
	if (ret == -ENOMEM && tee_pages_check(memory->buffer, memory->size,
					      memory->flags & TEEC_MEM_OUTPUT))
		return -EFAULT;
	return ret;
}

TEEC_Result tee_memory_register(TEEC_Context *context,
				TEEC_SharedMemory *memory, bool in_place)
{
	enum memory_kind kind = MEMORY_REGISTERED;
	struct tee_block block = { .fd = -1 };
	struct tee_context *internal;
	int ret = -EOPNOTSUPP;

	internal = begin_sharing(context, memory, memory && memory->buffer);
	if (!internal)
		return fail_parameters();

	if (in_place && internal->reg_mem && memory->size)
		ret = register_in_place(internal, memory, &block);
	if (ret == -EOPNOTSUPP) {
		kind = MEMORY_COPIED;
		/* Checked now, so that copying it later causes no signal. */
		ret = tee_pages_check(memory->buffer, memory->size,
				      memory->flags & TEEC_MEM_OUTPUT);
	}
	if (!ret)
		ret = make_live(internal, memory, kind, &block);
	tee_context_put(internal);
	return ret ? fail(-ret) : TEEC_SUCCESS;
}

TEEC_Result TEEC_RegisterSharedMemory(TEEC_Context *context,
				      TEEC_SharedMemory *memory)
{
	return tee_memory_register(context, memory, true);
}

TEEC_Result tee_memory_allocate(TEEC_Context *context,
				TEEC_SharedMemory *memory)
{
	struct tee_context *internal;
	struct tee_block block;
	void *address = NULL;
	int ret;

	if (memory)
		memory->buffer = NULL;
	internal = begin_sharing(context, memory, true);
	if (!internal)
		return fail_parameters();

	ret = tee_block_allocate(internal, memory->size, false, &block);
	if (!ret) {
		address = block.address;
		ret = make_live(internal, memory, MEMORY_ALLOCATED, &block);
	}
	if (!ret)
		memory->buffer = address;
	tee_context_put(internal);
	return ret ? fail(-ret) : TEEC_SUCCESS;
}

TEEC_Result TEEC_AllocateSharedMemory(TEEC_Context *context,
				      TEEC_SharedMemory *memory)
{
	TEEC_Result result = tee_memory_allocate(context, memory);

	/* The pages are the library's own: a program can't have misplaced them. */
	if (result != TEEC_SUCCESS && errno == EFAULT)
		result = fail(ENOMEM);
	return result;
}

/* True if the kernel has SHM_REGISTER_FD: it reads its argument first. */
static bool has_register_fd(const struct tee_context *context)
{
	return tee_context_ioctl(context, TEE_IOC_SHM_REGISTER_FD, NULL) ==
	       -EFAULT;
}

TEEC_Result TEEC_RegisterSharedMemoryFileDescriptor(TEEC_Context *context,
						    TEEC_SharedMemory *memory,
						    int fd)
{
	struct tee_block block = { .fd = -1 };
	struct tee_context *internal;
	TEEC_Result result;
	int error = 0, ret;
	size_t size;

	internal = begin_sharing(context, memory, fd >= 0);
	if (!internal)
		return fail_parameters();

	ret = tee_block_register_descriptor(internal, fd, &size, &block);
	if (ret) {
		error = -ret;
		/* OP-TEE's own kernels return EBADF where mainline has EINVAL. */
		if (error == EBADF)
			error = EINVAL;
		result = has_register_fd(internal) ?
				 tee_result_from_errno(error) :
				 TEEC_ERROR_NOT_SUPPORTED;
		goto out;
	}
	ret = make_live(internal, memory, MEMORY_DESCRIPTOR, &block);
	if (ret) {
		error = -ret;
		result = tee_result_from_errno(error);
		goto out;
	}
	memory->buffer = NULL;
	memory->size = size;
	result = TEEC_SUCCESS;
out:
	tee_context_put(internal);
	errno = error;
	return result;
}

void TEEC_ReleaseSharedMemory(TEEC_SharedMemory *memory)
{
	struct tee_context *internal;
	struct tee_block block;
	uint32_t kind;

	if (!memory)
		return;
	kind = __atomic_exchange_n(&memory->imp.kind, MEMORY_NONE,
				   __ATOMIC_ACQ_REL);
	if (!kind_is_live(kind))
		return;
	internal = tee_context_get_held(memory->imp.context);
	if (!internal)
		return;

	if (tee_context_release(internal, memory->imp.serial, &block))
		tee_block_release(internal, &block);
	if (kind == MEMORY_ALLOCATED) {
		memory->buffer = NULL;
		memory->size = 0;
	}
	/* Not kind: it is 0, and another thread may be looking. */
	memory->imp.context = 0;
	memory->imp.id = 0;
	memory->imp.fd = 0;
	memory->imp.serial = 0;
	tee_context_put(internal);
}

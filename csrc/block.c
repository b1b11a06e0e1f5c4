// SPDX-License-Identifier: BSD-2-Clause
/*
 * A block: memory that the TEE knows by an id. Its pages are the process's own,
 * registered with the TEE, or the driver's if the TEE can't register memory.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

/*
 * True if the TEE has no room, but may have after the idle blocks of the pool
 * were released. OP-TEE's driver returns EINVAL for whatever its TEE refuses.
 */
static bool can_make_room(struct tee_context *context, int error)
{
	return (error == -ENOMEM || error == -EINVAL) &&
	       tee_bounce_pool_empty(context);
}

/* Keeps what a driver made, unless it is not what was asked for. */
static int accept(struct tee_context *context, int fd, int32_t id,
		  uint64_t shared, uint64_t wanted, struct tee_block *block)
{
	int ret = 0;

	if (shared < wanted)
		ret = -ENOMEM;
	else if (id < 0)
		ret = -EPROTO;
	if (ret) {
		context->ops->close(context->device, fd);
		return ret;
	}
	block->fd = fd;
	block->id = id;
	return 0;
}

static int send_registration(struct tee_context *context, void *address,
			     size_t size,
			     struct tee_ioctl_shm_register_data *data)
{
	memset(data, 0, sizeof(*data));
	data->addr = (uintptr_t)address;
	data->length = size;
	return tee_context_ioctl(context, TEE_IOC_SHM_REGISTER, data);
}

int tee_block_register(struct tee_context *context, void *address, size_t size,
		       struct tee_block *block)
{
	struct tee_ioctl_shm_register_data data;
	int ret;

	ret = send_registration(context, address, size, &data);
	if (can_make_room(context, ret))
		ret = send_registration(context, address, size, &data);
	if (ret < 0)
		return ret;
	/* The kernel registers a part if not all of the memory can be reached. */
	return accept(context, ret, data.id, data.length, size, block);
}

int tee_block_register_descriptor(struct tee_context *context, int fd,
				  size_t *size, struct tee_block *block)
{
	struct tee_ioctl_shm_register_fd_data data;
	int ret;

	memset(&data, 0, sizeof(data));
	data.fd = fd;
	ret = tee_context_ioctl(context, TEE_IOC_SHM_REGISTER_FD, &data);
	if (ret < 0)
		return ret;
	*size = (size_t)data.size;
	/* ENOMEM where a size_t can't say how large the memory is. */
	return accept(context, ret, data.id, *size, data.size, block);
}

static int allocate_registered(struct tee_context *context, size_t size,
			       bool private, struct tee_block *block)
{
	int ret;

	ret = private ? tee_pages_map_private(size, &block->address) :
			tee_pages_map(size, &block->address);
	if (ret)
		return ret;
	ret = tee_block_register(context, block->address, size, block);
	if (ret)
		tee_pages_unmap(block->address, size);
	return ret;
}

static int send_allocation(struct tee_context *context, size_t size,
			   struct tee_ioctl_shm_alloc_data *data)
{
	memset(data, 0, sizeof(*data));
	data->size = size;
	return tee_context_ioctl(context, TEE_IOC_SHM_ALLOC, data);
}

static int allocate_from_driver(struct tee_context *context, size_t size,
				struct tee_block *block)
{
	struct tee_ioctl_shm_alloc_data data;
	int ret;

	ret = send_allocation(context, size, &data);
	if (can_make_room(context, ret))
		ret = send_allocation(context, size, &data);
	if (ret < 0)
		return ret;
	/* Rounded up to pages: as much as can be mapped. */
	ret = accept(context, ret, data.id, data.size, size, block);
	if (ret)
		return ret;
	ret = context->ops->mmap(context->device, block->fd, size,
				 &block->address);
	if (ret)
		context->ops->close(context->device, block->fd);
	return ret;
}

/*
 * The errno for memory that can't be had depends on the kernel's release: for a
 * size that overflows when it is rounded up to pages, it is ENOMEM or EINVAL.
 * The pages are the block's own and there are no flags, so none of these can
 * mean anything else. EFAULT stays what it is in all other requests.
 */
static int error_of_allocation(int error)
{
	switch (error) {
	case -EAGAIN:
	case -EINVAL:
	case -EOVERFLOW:
		return -ENOMEM;
	default:
		return error;
	}
}

int tee_block_allocate(struct tee_context *context, size_t size, bool private,
		       struct tee_block *block)
{
	int ret;

	memset(block, 0, sizeof(*block));
	/* An empty block has an address and an id all the same. */
	if (!size)
		size = 1;
	ret = context->reg_mem ?
		      allocate_registered(context, size, private, block) :
		      allocate_from_driver(context, size, block);
	if (ret) {
		memset(block, 0, sizeof(*block));
		block->fd = -1;
		return error_of_allocation(ret);
	}
	block->mapped = size;
	return 0;
}

/* Unregisters first, so that no page is the process's and the TEE's at once. */
void tee_block_release(const struct tee_context *context,
		       struct tee_block *block)
{
	if (block->fd >= 0)
		context->ops->close(context->device, block->fd);
	if (block->mapped && context->reg_mem)
		tee_pages_unmap(block->address, block->mapped);
	else if (block->mapped)
		context->ops->munmap(context->device, block->address,
				     block->mapped);
	memset(block, 0, sizeof(*block));
	block->fd = -1;
}

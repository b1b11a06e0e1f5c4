// SPDX-License-Identifier: BSD-2-Clause
/* Memory that the stand-in knows: registered by processes, or its own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int read_memory(pid_t process, void *to, uint64_t address, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address,
				.iov_len = size };

	return process_vm_readv(process, &local, 1, &remote, 1, 0) ==
			       (ssize_t)size ?
		       0 :
		       -EFAULT;
}

int write_memory(pid_t process, uint64_t address, const void *from, size_t size)
{
	struct iovec local = { .iov_base = (void *)from, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address,
				.iov_len = size };

	return process_vm_writev(process, &local, 1, &remote, 1, 0) ==
			       (ssize_t)size ?
		       0 :
		       -EFAULT;
}

off_t block_place(int32_t id)
{
	return (off_t)(BLOCKS_START + (uint64_t)id * BLOCK_SIZE);
}

static uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* As the kernel makes it, without close-on-exec. */
static int new_memory(const struct stand_in_object *content, int32_t *id)
{
	uint32_t number;
	int fd;

	fd = new_object(0, content, &number);
	if (fd >= 0)
		*id = (int32_t)number;
	return fd;
}

int allocate_block(uint32_t device, struct tee_ioctl_shm_alloc_data *data)
{
	struct stand_in_object content = { .kind = STAND_IN_BLOCK,
					   .device = device };
	int fd;

	if (data->flags || !data->size)
		return -EINVAL;
	if (data->size > BLOCK_SIZE)
		return -ENOMEM;
	content.size = (data->size + page_size() - 1) & ~(page_size() - 1);
	fd = new_memory(&content, &data->id);
	if (fd < 0)
		return fd;
	fallocate(state_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		  block_place(data->id), (off_t)content.size);
	data->size = content.size;
	data->flags = 3;
	return fd;
}

/* For memory of a kind of which Linux says no more. */
static bool can_write(uint64_t address)
{
	uint8_t byte;

	return !read_memory(getpid(), &byte, address, 1) &&
	       !write_memory(getpid(), address, &byte, 1);
}

int register_memory(uint32_t device, struct tee_ioctl_shm_register_data *data)
{
	const struct stand_in_object content = { .kind = STAND_IN_REGISTRATION,
						 .device = device,
						 .address = data->addr,
						 .size = data->length };
	uint64_t start = data->addr & ~(page_size() - 1);

	if (data->flags || !data->length ||
	    !(state->capabilities & TEE_GEN_CAP_REG_MEM))
		return -EINVAL;
	if (madvise((void *)(uintptr_t)start, data->addr + data->length - start,
		    MADV_POPULATE_WRITE) &&
	    (errno != EINVAL || !can_write(data->addr) ||
	     !can_write(data->addr + data->length - 1)))
		return -EFAULT;
	data->flags = 1;
	return new_memory(&content, &data->id);
}

int register_descriptor(uint32_t device,
			struct tee_ioctl_shm_register_fd_data *data)
{
	struct stand_in_object content = { .kind = STAND_IN_DESCRIPTOR,
					   .device = device };
	struct stat status;

	if (data->flags)
		return -EINVAL;
	if (fstat((int)data->fd, &status))
		return -EBADF;
	content.size = (uint64_t)status.st_size;
	data->size = content.size;
	return new_memory(&content, &data->id);
}

/* An inout turns its bits round; an output is filled with the letter Z. */
static void work(uint64_t attr, uint8_t *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (attr == TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT)
			bytes[i] = (uint8_t)~bytes[i];
		else if (attr == TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT)
			bytes[i] = 'Z';
	}
}

static int run_on_registration(const struct stand_in_object *object,
			       uint64_t attr, uint64_t offset, uint64_t size)
{
	uint64_t address = object->address + offset, part;
	uint8_t bytes[4096];
	int ret;

	for (; size; size -= part, address += part) {
		part = size < sizeof(bytes) ? size : sizeof(bytes);
		ret = read_memory(object->process, bytes, address, part);
		if (ret)
			return ret;
		work(attr, bytes, part);
		if (attr == TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT)
			continue;
		ret = write_memory(object->process, address, bytes, part);
		if (ret)
			return ret;
	}
	return 0;
}

static int run_on_block(int32_t id, uint64_t attr, uint64_t offset,
			uint64_t size)
{
	uint8_t *bytes;

	bytes = (void *)syscall(SYS_mmap, NULL, BLOCK_SIZE,
				PROT_READ | PROT_WRITE, MAP_SHARED, state_file,
				block_place(id));
	if (bytes == MAP_FAILED)
		return -ENOMEM;
	work(attr, bytes + offset, size);
	syscall(SYS_munmap, bytes, BLOCK_SIZE);
	return 0;
}

int run_on_memory(uint32_t device, uint64_t attr, int32_t id, uint64_t offset,
		  uint64_t size)
{
	struct stand_in_object object;

	if (id < 0 || id >= STAND_IN_OBJECTS || !stand_in_is_alive((uint32_t)id))
		return -EINVAL;
	object = state->objects[id];
	if (object.kind == STAND_IN_DEVICE || object.device != device ||
	    offset > object.size || size > object.size - offset)
		return -EINVAL;
	if (object.kind == STAND_IN_REGISTRATION)
		return run_on_registration(&object, attr, offset, size);
	if (object.kind == STAND_IN_DESCRIPTOR)
		return 0;
	return run_on_block(id, attr, offset, size);
}

static bool overlap(const struct stand_in_object *object, uint64_t address,
		    uint64_t size)
{
	return address < object->address + object->size &&
	       object->address < address + size;
}

void check_unused(const void *address, size_t size)
{
	struct stand_in_object *object;
	uint32_t i;

	for (i = 0; i < STAND_IN_OBJECTS; i++) {
		object = &state->objects[i];
		if (object->kind == STAND_IN_REGISTRATION &&
		    object->process == getpid() &&
		    overlap(object, (uintptr_t)address, size) &&
		    stand_in_is_alive(i))
			__atomic_add_fetch(&state->violations, 1,
					   __ATOMIC_SEQ_CST);
	}
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * A program in which each system call and each allocation fails once. Linked with
 * csrc and --wrap for malloc's family, mmap and munmap. Prints what is left after
 * a failure; the status is 0 if nothing was.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"

/* Larger than what is copied, and larger than what a context keeps. */
#define LARGE ((size_t)5 << 20)

/* After the context, its device and the version of that. */
#define TABLE_STEP 4

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__real_mmap(void *address, size_t size, int protection, int flags, int fd,
		  off_t offset);
int __real_munmap(void *address, size_t size);
FILE *__real_fopen(const char *path, const char *mode);
int __real_fclose(FILE *file);

static bool is_counted;
static unsigned int steps, failing;
static int error;
static long allocations, mapped, descriptors;
static bool has_reg_mem;
static char driver_memory[16][1 << 16] __attribute__((aligned(4096)));
static int32_t next_id;

/* True if this is the step that is to fail. */
static bool fails(void)
{
	return is_counted && ++steps == failing;
}

void *__wrap_calloc(size_t count, size_t size)
{
	void *memory = fails() ? NULL : __real_calloc(count, size);

	allocations += is_counted && memory;
	return memory;
}

void *__wrap_realloc(void *old, size_t size)
{
	void *memory = fails() ? NULL : __real_realloc(old, size);

	allocations += is_counted && memory && !old;
	return memory;
}

void __wrap_free(void *memory)
{
	allocations -= is_counted && memory;
	__real_free(memory);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int fd,
		  off_t offset)
{
	void *made = MAP_FAILED;

	if (fails())
		errno = error;
	else
		made = __real_mmap(address, size, protection, flags, fd, offset);
	if (is_counted && made != MAP_FAILED)
		mapped += (long)((size + 4095) & ~4095UL);
	return made;
}

int __wrap_munmap(void *address, size_t size)
{
	if (is_counted)
		mapped -= (long)((size + 4095) & ~4095UL);
	return __real_munmap(address, size);
}

/* A program that is started meanwhile must not inherit it. */
FILE *__wrap_fopen(const char *path, const char *mode)
{
	FILE *file = fails() ? NULL : __real_fopen(path, mode);

	if (!strchr(mode, 'e'))
		puts("a file is not closed on exec");
	if (is_counted)
		descriptors += file != NULL;
	return file;
}

int __wrap_fclose(FILE *file)
{
	if (is_counted)
		descriptors--;
	return __real_fclose(file);
}

static int new_descriptor(void)
{
	return 100 + (int)descriptors++;
}

static int device_open(void *device, const char *path)
{
	(void)device;
	(void)path;
	return fails() ? -error : new_descriptor();
}

static void answer(unsigned long request, void *argument)
{
	const struct tee_ioctl_buf_data *data = argument;
	struct tee_ioctl_version_data *version = argument;
	struct tee_ioctl_open_session_arg *open;
	struct tee_ioctl_invoke_arg *invoke;

	if (request == TEE_IOC_VERSION) {
		version->impl_id = TEE_IMPL_ID_OPTEE;
		version->impl_caps = TEE_OPTEE_CAP_TZ;
		version->gen_caps = TEE_GEN_CAP_GP | TEE_GEN_CAP_MEMREF_NULL |
				    (has_reg_mem ? TEE_GEN_CAP_REG_MEM : 0);
	} else if (request == TEE_IOC_OPEN_SESSION) {
		open = (void *)(uintptr_t)data->buf_ptr;
		open->ret = TEEC_SUCCESS;
		open->ret_origin = TEEC_ORIGIN_TRUSTED_APP;
	} else if (request == TEE_IOC_INVOKE) {
		invoke = (void *)(uintptr_t)data->buf_ptr;
		invoke->ret = TEEC_SUCCESS;
		invoke->ret_origin = TEEC_ORIGIN_TRUSTED_APP;
	}
}

static int device_ioctl(void *device, int fd, unsigned long request,
			void *argument)
{
	struct tee_ioctl_shm_register_fd_data *reg_fd = argument;
	struct tee_ioctl_shm_register_data *reg = argument;
	struct tee_ioctl_shm_alloc_data *alloc = argument;

	(void)device;
	(void)fd;
	if (fails())
		return -error;
	switch (request) {
	case TEE_IOC_SHM_ALLOC:
		if (alloc->size > sizeof(driver_memory[0]))
			return -ENOMEM;
		alloc->id = next_id++ % 16;
		return new_descriptor();
	case TEE_IOC_SHM_REGISTER:
		reg->id = next_id++ % 16;
		return new_descriptor();
	case TEE_IOC_SHM_REGISTER_FD:
		if (!argument)
			return -EFAULT;
		reg_fd->size = 8;
		return new_descriptor();
	default:
		answer(request, argument);
		return 0;
	}
}

static int device_mmap(void *device, int fd, size_t size, void **address)
{
	(void)device;
	(void)fd;
	if (fails())
		return -error;
	mapped += (long)size;
	*address = driver_memory[(next_id - 1) % 16];
	return 0;
}

static int device_munmap(void *device, void *address, size_t size)
{
	(void)device;
	(void)address;
	mapped -= (long)size;
	return 0;
}

static int device_close(void *device, int fd)
{
	(void)device;
	(void)fd;
	descriptors--;
	return 0;
}

static const struct tee_device_ops ops = {
	.open = device_open,
	.ioctl = device_ioctl,
	.mmap = device_mmap,
	.munmap = device_munmap,
	.close = device_close,
};

static void invoke(TEEC_Session *session, void *buffer, size_t size)
{
	TEEC_Operation operation;

	memset(&operation, 0, sizeof(operation));
	operation.paramTypes = TEEC_PARAM_TYPES(
		TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INOUT, TEEC_VALUE_INOUT,
		TEEC_MEMREF_TEMP_OUTPUT);
	operation.params[0].tmpref.buffer = "abc";
	operation.params[0].tmpref.size = 3;
	operation.params[1].tmpref.buffer = buffer;
	operation.params[1].tmpref.size = size;
	operation.params[3].tmpref.buffer = buffer;
	operation.params[3].tmpref.size = 8;
	TEEC_InvokeCommand(session, 0, &operation, NULL);
}

/* A program that does not care, and ends all that it began. */
static void work(char *large)
{
	TEEC_SharedMemory memory[5], many[40];
	TEEC_Session session;
	TEEC_Context context;
	const TEEC_UUID destination = { 0 };
	size_t i;

	memset(&context, 0, sizeof(context));
	memset(&session, 0, sizeof(session));
	memset(memory, 0, sizeof(memory));
	memset(many, 0, sizeof(many));
	many[0].flags = TEEC_MEM_INPUT;
	many[0].buffer = large;
	many[0].size = 8;
	for (i = 0; i < 5; i++) {
		memory[i].size = 100;
		memory[i].buffer = large + i * 100;
		memory[i].flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
	}
	tee_context_initialize(&context, "/dev/tee0", &ops, NULL, NULL);
	/* No idle block can be given up for this one. */
	TEEC_RegisterSharedMemory(&context, &memory[4]);
	TEEC_OpenSession(&context, &session, &destination, 0, NULL, NULL, NULL);
	invoke(&session, large, 8);
	TEEC_AllocateSharedMemory(&context, &memory[0]);
	TEEC_RegisterSharedMemory(&context, &memory[1]);
	TEEC_RegisterSharedMemoryFileDescriptor(&context, &memory[2], 0);
	tee_memory_register(&context, &memory[3], false);
	for (i = 0; i < 40; i++) {
		many[i] = many[0];
		tee_memory_register(&context, &many[i], false);
	}
	for (i = 0; i < 40; i++)
		TEEC_ReleaseSharedMemory(&many[(i * 7) % 40]);
	invoke(&session, large, LARGE);
	invoke(&session, large + 1, LARGE - 4096);
	TEEC_ReleaseSharedMemory(&memory[0]);
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
	for (i = 1; i < 5; i++)
		TEEC_ReleaseSharedMemory(&memory[i]);
}

static int work_with_failure(char *large)
{
	steps = 0;
	is_counted = true;
	work(large);
	is_counted = false;
	if (!allocations && !mapped && !descriptors)
		return 0;
	printf("after the failure of step %u by %d: %ld allocations, %ld bytes"
	       " mapped, %ld descriptors\n",
	       failing, error, allocations, mapped, descriptors);
	allocations = mapped = descriptors = 0;
	return 1;
}

int main(void)
{
	static const int errors[] = { ENOMEM, EINVAL, EIO };
	int failures = 0;
	char *large;
	size_t i;

	large = __real_mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* The first context has no table yet, which then stays. */
	failing = TABLE_STEP;
	error = ENOMEM;
	failures += work_with_failure(large);
	work(large);
	descriptors = mapped = 0;
	for (i = 0; i < 6; i++) {
		has_reg_mem = i % 2;
		error = errors[i / 2];
		failing = 0;
		do {
			failing++;
			failures += work_with_failure(large);
		} while (steps >= failing);
	}
	return failures != 0;
}

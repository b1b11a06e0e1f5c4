// SPDX-License-Identifier: BSD-2-Clause
/*
 * What ends while a context ends: its last shared memory is released, and a copy
 * of it finalised, at the moment that it gives back its idle blocks. Linked with
 * csrc and --wrap for calloc, realloc and free. Prints what is wrong.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "no_mappings.h"

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

/* The table of contexts stays; nothing else does. */
static long allocations;

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	allocations += !old;
	return __real_realloc(old, size);
}

void __wrap_free(void *memory)
{
	allocations -= memory != NULL;
	__real_free(memory);
}

static TEEC_Context context, copy;
static TEEC_SharedMemory memory;
static int registered, devices, blocks;
static bool is_ending;

static int device_open(void *device, const char *path)
{
	(void)device;
	(void)path;
	devices++;
	return 3;
}

static int device_ioctl(void *device, int fd, unsigned long request,
			void *argument)
{
	const struct tee_ioctl_buf_data *data = argument;

	(void)device;
	(void)fd;
	if (request == TEE_IOC_VERSION)
		((struct tee_ioctl_version_data *)argument)->gen_caps =
			TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM;
	if (request == TEE_IOC_OPEN_SESSION)
		((struct tee_ioctl_open_session_arg *)(uintptr_t)data->buf_ptr)
			->ret = TEEC_SUCCESS;
	if (request == TEE_IOC_INVOKE)
		((struct tee_ioctl_invoke_arg *)(uintptr_t)data->buf_ptr)->ret =
			TEEC_SUCCESS;
	if (request != TEE_IOC_SHM_REGISTER)
		return 0;
	blocks++;
	return 100 + registered++;
}

static int device_close(void *device, int fd)
{
	(void)device;
	if (fd == 3)
		devices--;
	else
		blocks--;
	if (is_ending) {
		is_ending = false;
		TEEC_FinalizeContext(&copy);
		TEEC_ReleaseSharedMemory(&memory);
	}
	return 0;
}

static const struct tee_device_ops ops = {
	.open = device_open,
	.ioctl = device_ioctl,
	.mmap = device_mmap,
	.munmap = device_munmap,
	.close = device_close,
};

int main(void)
{
	const TEEC_UUID destination = { 0 };
	TEEC_Operation operation;
	TEEC_Session session;
	char buffer[8];

	memset(&operation, 0, sizeof(operation));
	memset(&memory, 0, sizeof(memory));
	tee_context_initialize(&context, "/dev/tee0", &ops, NULL, NULL);
	TEEC_OpenSession(&context, &session, &destination, 0, NULL, NULL, NULL);
	operation.paramTypes = TEEC_MEMREF_TEMP_INPUT;
	operation.params[0].tmpref.buffer = buffer;
	operation.params[0].tmpref.size = sizeof(buffer);
	TEEC_InvokeCommand(&session, 0, &operation, NULL);
	memory.size = 8;
	memory.flags = TEEC_MEM_INPUT;
	TEEC_AllocateSharedMemory(&context, &memory);
	copy = context;
	if (blocks != 2)
		puts("there is no idle block");
	is_ending = true;
	TEEC_FinalizeContext(&context);
	if (devices || blocks)
		printf("%d devices and %d blocks are open\n", devices, blocks);
	if (allocations != 1)
		printf("%ld allocations are left\n", allocations - 1);
	fflush(stdout);
	return 0;
}

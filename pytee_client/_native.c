// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the extension module has beside the library of csrc: calls of sessions
 * that threads share, a device whose system calls are answered in Python, and the
 * access to the program's memory that a kernel has and Python has not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "device.h"
#include "internal.h"
#include "linux_tee.h"
#include "tee_client_api.h"
#include "tee_client_api_extensions.h"

static int python_device_open(void *device, const char *path);
static int python_device_ioctl(void *device, int fd, unsigned long request,
			       uintptr_t argument);
static int python_device_mmap(void *device, int fd, size_t length,
			      void **address);
static int python_device_munmap(void *device, void *address, size_t length);
static int python_device_close(void *device, int fd);

/*
 * The message of this thread's call into a kernel in Python. It is on the
 * library's stack: nobody has to be asked whether it is there.
 */
struct range {
	uintptr_t start;
	size_t size;
};

static __thread struct {
	struct range argument;
	struct range buffer;
} call;

static bool is_within(const struct range *range, uint64_t address, size_t size)
{
	return address >= range->start && size <= range->size &&
	       address - range->start <= range->size - size;
}

static bool is_of_call(uint64_t address, size_t size)
{
	return is_within(&call.argument, address, size) ||
	       is_within(&call.buffer, address, size);
}

static int ioctl_by_address(void *device, int fd, unsigned long request,
			    void *argument)
{
	const struct tee_ioctl_buf_data *data = argument;
	__typeof__(call) before = call;
	int ret;

	memset(&call, 0, sizeof(call));
	if (request == TEE_IOC_OPEN_SESSION || request == TEE_IOC_INVOKE) {
		call.argument.start = (uintptr_t)argument;
		call.argument.size = sizeof(*data);
		call.buffer.start = (uintptr_t)data->buf_ptr;
		call.buffer.size = data->buf_len;
	}
	ret = python_device_ioctl(device, fd, request, (uintptr_t)argument);
	/* An application in Python may have been a client itself. */
	call = before;
	return ret;
}

static const struct tee_device_ops python_device = {
	.open = python_device_open,
	.ioctl = ioctl_by_address,
	.mmap = python_device_mmap,
	.munmap = python_device_munmap,
	.close = python_device_close,
};

/* On the kernel that device is a handle of, or on Linux if it is NULL. */
static TEEC_Result context_initialize(TEEC_Context *context, const char *name,
				      void *device,
				      struct tee_ioctl_version_data *version)
{
	return tee_context_initialize(context, name,
				      device ? &python_device :
					       &tee_device_linux,
				      device, version);
}

/*
 * A session that threads share, with its context in use, and an operation that its
 * calls use one after the other. thread is whose call it is in, as Python numbers
 * threads, or 0. Whoever closes the session says so in closing and then looks who
 * is in it; each call does it the other way round, so that one of them sees the
 * other.
 */
struct shared_session {
	TEEC_Session session;
	struct tee_context *context;
	unsigned int process;
	bool is_watched;
	bool closing;
};

struct call {
	TEEC_Operation operation;
	struct shared_session *session;
	uint32_t command;
	uint32_t types;
	TEEC_Parameter given[TEEC_CONFIG_PAYLOAD_REF_COUNT];
	uint32_t origin;
	TEEC_Result result;
	int error;
	bool cancellable;
	unsigned long thread;
};

/* Once the session is open. is_watched makes none of its calls unremarkable. */
static void session_share(struct shared_session *session, bool is_watched)
{
	session->is_watched = is_watched;
	session->process = tee_process;
	session->context = tee_context_get(session->session.imp.context);
}

static void session_close(struct shared_session *session)
{
	struct tee_context *context = session->context;

	session->context = NULL;
	TEEC_CloseSession(&session->session);
	if (context)
		tee_context_put(context);
}

/* Of a session that nobody closed: what it holds is not lost with it. */
static void session_drop(struct shared_session *session)
{
	struct tee_context *context = session->context;

	session->context = NULL;
	if (context && session->process == tee_process)
		tee_context_put(context);
}

static void session_set_closing(struct shared_session *session, bool closing)
{
	__atomic_store_n(&session->closing, closing, __ATOMIC_SEQ_CST);
}

static unsigned long call_thread(struct call *call)
{
	return __atomic_load_n(&call->thread, __ATOMIC_SEQ_CST);
}

/*
 * False if the call was a success, and nobody waits for its end. The result is
 * BAD_STATE of the API's if the session is closing, or another process's.
 */
static bool invoke(struct call *call)
{
	struct shared_session *session = call->session;
	TEEC_Operation *operation = &call->operation;
	bool is_remarkable;
	int error = 0;

	call->result = TEEC_ERROR_BAD_STATE;
	call->origin = TEEC_ORIGIN_API;
	__atomic_store_n(&call->thread, (unsigned long)pthread_self(),
			 __ATOMIC_SEQ_CST);
	if (session->process == tee_process && session->context &&
	    !__atomic_load_n(&session->closing, __ATOMIC_SEQ_CST)) {
		operation->paramTypes = call->types;
		call->result = tee_session_invoke(
			session->context, &session->session, call->command,
			operation, call->cancellable ? operation : NULL,
			&call->origin, &error);
	}
	__atomic_store_n(&call->thread, 0, __ATOMIC_SEQ_CST);
	is_remarkable = call->result || session->is_watched ||
			__atomic_load_n(&session->closing, __ATOMIC_SEQ_CST);
	if (is_remarkable)
		call->error = error;
	return is_remarkable;
}

/* So that a call is one crossing between the languages. */
static bool call_invoke(struct call *call, uint32_t command,
			       uint32_t types)
{
	call->command = command;
	call->types = types;
	return invoke(call);
}

/* The same for what most calls have: two numbers, */
static bool call_invoke_value(struct call *call, uint32_t command,
				     uint32_t a, uint32_t b)
{
	call->command = command;
	call->types = TEEC_VALUE_INOUT;
	call->operation.params[0].value.a = a;
	call->operation.params[0].value.b = b;
	return invoke(call);
}

/* or memory, */
static bool call_invoke_memory(struct call *call, uint32_t command,
				      void *buffer, size_t size)
{
	call->command = command;
	call->types = TEEC_MEMREF_TEMP_INOUT;
	call->operation.params[0].tmpref.buffer = buffer;
	call->operation.params[0].tmpref.size = size;
	return invoke(call);
}

/* or a block. */
static bool call_invoke_block(struct call *call, uint32_t command,
			      TEEC_SharedMemory *block)
{
	call->command = command;
	call->types = TEEC_MEMREF_WHOLE;
	call->operation.params[0].memref.parent = block;
	/* Not an earlier call's, if the driver says of no size what became of it. */
	call->operation.params[0].memref.size = block->size;
	return invoke(call);
}

/* The same once more, with the parameters as they were given before outputs. */
static bool call_repeat(struct call *call)
{
	memcpy(call->operation.params, call->given, sizeof(call->given));
	return invoke(call);
}

static bool call_repeat_value(struct call *call, uint32_t a, uint32_t b)
{
	call->operation.params[0].value.a = a;
	call->operation.params[0].value.b = b;
	return invoke(call);
}

static int shared_memory_descriptor(const TEEC_SharedMemory *memory)
{
	return memory->imp.fd;
}

/*
 * The kernel's word on whether memory can be reached, instead of a signal.
 * Each returns 0 or a negative errno.
 */
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
 * Fetch the structure at an address which says where a buffer is and how long,
 * and behind it the buffer, if there is room for it and it can be read. Returns
 * how many bytes there are, or a negative errno.
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
	/* What a kernel before 5.14 says of all pages, a later one of some. */
	start = (uint64_t)(uintptr_t)&own & ~(page - 1);
	return errno == EINVAL &&
	       madvise((void *)(uintptr_t)start, page, MADV_POPULATE_WRITE);
}

/* -EFAULT unless a range of pages can be written, -ENOMEM if its start can. */
static int check_user_pages(uint64_t address, size_t size)
{
	if (!can_write(address, 1))
		return -EFAULT;
	return can_write(address, size) ? 0 : -ENOMEM;
}

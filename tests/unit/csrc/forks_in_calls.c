// SPDX-License-Identifier: BSD-2-Clause
/*
 * A thread that forks within a call, as the kernel that serves it may: the child
 * comes back from the call too. Prints what is wrong; the status is 0 if nothing
 * is.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"
#include "no_mappings.h"

#define LARGE 5000

enum command { PLAIN, WAITING, FORKING };

/* Whether the child makes a call in another thread before it comes back. */
static bool has_thread;
static bool is_child;
static pid_t child;
static int32_t registered;
static __thread int32_t used_id;
static int open_devices, open_memory, cancellations;
static sem_t is_waiting, may_go;

static TEEC_Operation forking, waiting, in_child, last;

static void start_call_of_child(void);

static int device_open(void *device, const char *path)
{
	(void)device;
	(void)path;
	open_devices++;
	return 3;
}

static void invoke(struct tee_ioctl_invoke_arg *arg)
{
	const struct tee_ioctl_param *param = (void *)(arg + 1);

	used_id = (int32_t)param->c;
	arg->ret = TEEC_SUCCESS;
	arg->ret_origin = TEEC_ORIGIN_TRUSTED_APP;
	if (arg->func == WAITING) {
		sem_post(&is_waiting);
		sem_wait(&may_go);
	}
	if (arg->func != FORKING)
		return;
	child = fork();
	is_child = !child;
	if (is_child && has_thread)
		start_call_of_child();
	else if (is_child)
		TEEC_RequestCancellation(&waiting);
}

static int device_ioctl(void *device, int fd, unsigned long request,
			void *argument)
{
	const struct tee_ioctl_buf_data *data = argument;
	struct tee_ioctl_shm_register_data *reg = argument;
	struct tee_ioctl_version_data *version = argument;

	(void)device;
	(void)fd;
	switch (request) {
	case TEE_IOC_VERSION:
		version->gen_caps = TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM;
		return 0;
	case TEE_IOC_OPEN_SESSION:
		((struct tee_ioctl_open_session_arg *)(uintptr_t)data->buf_ptr)
			->ret = TEEC_SUCCESS;
		return 0;
	case TEE_IOC_INVOKE:
		invoke((void *)(uintptr_t)data->buf_ptr);
		return 0;
	case TEE_IOC_SHM_REGISTER:
		reg->id = ++registered;
		open_memory++;
		return 100 + registered;
	case TEE_IOC_CANCEL:
		cancellations++;
		return 0;
	default:
		return 0;
	}
}

static int device_close(void *device, int fd)
{
	(void)device;
	if (fd == 3)
		open_devices--;
	else
		open_memory--;
	return 0;
}

static const struct tee_device_ops ops = {
	.open = device_open,
	.ioctl = device_ioctl,
	.mmap = device_mmap,
	.munmap = device_munmap,
	.close = device_close,
};

static TEEC_Context context;
static TEEC_Session session;
static pthread_t thread_of_child;
static int failures;

static void check(bool is_right, const char *wrong)
{
	if (is_right)
		return;
	printf("in the %s %s\n", is_child ? "child" : "parent", wrong);
	failures = 1;
}

static int32_t send(TEEC_Operation *operation, enum command command, size_t size)
{
	char buffer[LARGE] = "";

	operation->paramTypes = TEEC_MEMREF_TEMP_INOUT;
	operation->params[0].tmpref.buffer = buffer;
	operation->params[0].tmpref.size = size;
	check(TEEC_InvokeCommand(&session, command, operation, NULL) ==
		      TEEC_SUCCESS,
	      "a command fails");
	return used_id;
}

/* With a block of another size. */
static void *send_waiting(void *operation)
{
	send(operation, WAITING, LARGE);
	return NULL;
}

/* It has its block before the call is over in which the thread forked. */
static void start_call_of_child(void)
{
	sem_init(&may_go, 0, 0);
	pthread_create(&thread_of_child, NULL, send_waiting, &in_child);
	sem_wait(&is_waiting);
}

static void work_in_child(int32_t block_of_parent)
{
	TEEC_RequestCancellation(&waiting);
	check(!cancellations, "an operation of the parent's is cancelled");
	if (has_thread) {
		TEEC_RequestCancellation(&in_child);
		check(cancellations == 1, "an operation cannot be cancelled");
		sem_post(&may_go);
		pthread_join(thread_of_child, NULL);
	}
	check(send(&last, PLAIN, 8) != block_of_parent,
	      "the parent's block is used");
	TEEC_FinalizeContext(&context);
	/* The block of the call of the parent's thread is not the child's to close. */
	check(open_memory == 1, "blocks are open after the end");
	check(!open_devices, "the device is open after the end");
	fflush(stdout);
	_exit(failures);
}

static void fork_in_call(void)
{
	int status = 1;
	int32_t block;

	memset(&forking, 0, sizeof(forking));
	block = send(&forking, FORKING, 8);
	check(tee_operation_state(&forking) == TEE_OPERATION_DONE,
	      "the operation is not done");
	if (is_child)
		work_in_child(block);
	check(send(&last, PLAIN, 8) == block, "a block is not used again");
	if (child < 0 || waitpid(child, &status, 0) < 0 || status)
		failures = 1;
}

int main(void)
{
	const TEEC_UUID destination = { 0 };
	pthread_t thread;

	sem_init(&is_waiting, 0, 0);
	sem_init(&may_go, 0, 0);
	tee_context_initialize(&context, "/dev/tee0", &ops, NULL, NULL);
	TEEC_OpenSession(&context, &session, &destination, 0, NULL, NULL, NULL);
	pthread_create(&thread, NULL, send_waiting, &waiting);
	sem_wait(&is_waiting);
	fork_in_call();
	has_thread = true;
	fork_in_call();
	sem_post(&may_go);
	pthread_join(thread, NULL);
	TEEC_FinalizeContext(&context);
	check(!open_memory, "blocks are open after the end");
	check(!open_devices, "the device is open after the end");
	return failures;
}

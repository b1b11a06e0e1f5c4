// SPDX-License-Identifier: BSD-2-Clause
/*
 * A thread makes calls that another one cancels at any moment. A nudge wakes a
 * call that sleeps, and interrupts nothing that the thread does between two
 * calls. Prints what is wrong.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "internal.h"
#include "no_mappings.h"

/* So many calls that a nudge woke are enough. */
#define ENOUGH 200

static TEEC_Context context;
static TEEC_Session session;
static TEEC_Operation operation;
static bool is_over;
static unsigned int woken, interrupted;

static int device_open(void *device, const char *path)
{
	(void)device;
	(void)path;
	return 3;
}

static int device_ioctl(void *device, int fd, unsigned long request,
			void *argument)
{
	const struct tee_ioctl_buf_data *data = argument;
	struct tee_ioctl_version_data *version = argument;

	(void)device;
	(void)fd;
	if (request == TEE_IOC_VERSION)
		version->gen_caps = TEE_GEN_CAP_GP;
	if (request == TEE_IOC_OPEN_SESSION)
		((struct tee_ioctl_open_session_arg *)(uintptr_t)data->buf_ptr)
			->ret = TEEC_SUCCESS;
	if (request == TEE_IOC_INVOKE) {
		((struct tee_ioctl_invoke_arg *)(uintptr_t)data->buf_ptr)->ret =
			TEEC_SUCCESS;
		if (poll(NULL, 0, 1) < 0 && errno == EINTR)
			woken++;
	}
	return 0;
}

static int device_close(void *device, int fd)
{
	(void)device;
	(void)fd;
	return 0;
}

static const struct tee_device_ops ops = {
	.open = device_open,
	.ioctl = device_ioctl,
	.mmap = device_mmap,
	.munmap = device_munmap,
	.close = device_close,
};

static void *cancel_always(void *nothing)
{
	while (!__atomic_load_n(&is_over, __ATOMIC_SEQ_CST)) {
		TEEC_RequestCancellation(&operation);
		usleep(50);
	}
	return nothing;
}

/* Whatever it is called, it is in no call of the library. */
static void do_something_else(void)
{
	struct timespec moment = { .tv_nsec = 1000 };

	if (nanosleep(&moment, NULL) && errno == EINTR)
		interrupted++;
}

static void *wait_for_octet(void *end)
{
	char octet;

	if (read(*(int *)end, &octet, 1) != 1)
		puts("a system call that can be restarted is not");
	return NULL;
}

static void interrupt_restartable(void)
{
	pthread_t thread;
	int ends[2], sent, i;

	if (pipe(ends))
		puts("there is no pipe");
	pthread_create(&thread, NULL, wait_for_octet, &ends[0]);
	for (i = 0; i < 20; i++) {
		sent = 0;
		tee_nudge(thread, &sent);
		if (!sent)
			puts("no nudge was sent");
		usleep(1000);
	}
	if (write(ends[1], "x", 1) != 1)
		puts("the pipe is broken");
	pthread_join(thread, NULL);
}

int main(void)
{
	const TEEC_UUID destination = { 0 };
	pthread_t thread;

	tee_context_initialize(&context, "/dev/tee0", &ops, NULL, NULL);
	TEEC_OpenSession(&context, &session, &destination, 0, NULL, NULL, NULL);
	pthread_create(&thread, NULL, cancel_always, NULL);
	while (woken < ENOUGH) {
		__atomic_store_n(&operation.started, TEE_OPERATION_DONE,
				 __ATOMIC_SEQ_CST);
		TEEC_InvokeCommand(&session, 0, &operation, NULL);
		do_something_else();
	}
	__atomic_store_n(&is_over, true, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	if (interrupted)
		printf("%u nudges came after the call\n", interrupted);
	interrupt_restartable();
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
	return 0;
}

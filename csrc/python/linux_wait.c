// SPDX-License-Identifier: BSD-2-Clause
/*
 * What each thread waits for in Linux: a command, an opening, or a system call of
 * LinuxKernel's. So interrupt.c can have it cancelled. A thread first sets what it
 * waits for; afterwards it first clears this, and then looks at cancelling.
 * Whoever cancels first sets cancelling, and then looks at what the thread waits
 * for. So a cancellation reaches nothing that the thread does later.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

struct call;

struct linux_call {
	int fd;
	unsigned long request;
	void *argument;
};

/*
 * One of the three, or none; call may be on a kernel in Python. is_ready is false
 * before the thread's first wait, and if nobody watches over the main thread any
 * more.
 */
struct linux_wait {
	struct call *call;
	TEEC_Operation *operation;
	const struct linux_call *linux_call;
	uint32_t cancelling;
	bool is_ready;
};

static __thread struct linux_wait own_wait;

/* interrupt.c */
static void begin_watching(void);
static void wait_for_cancellation(void);
static bool sigint_is_pending(void);
/* call.c: in a thread without Python. */
static void cancel_call(struct call *call);

/* To find what a thread has for itself costs more than all the rest. */
static inline struct linux_wait *begin_wait(void)
{
	struct linux_wait *wait = &own_wait;

	if (!__atomic_load_n(&wait->is_ready, __ATOMIC_RELAXED))
		begin_watching();
	return wait;
}

static inline void end_wait(struct linux_wait *wait)
{
	if (__atomic_load_n(&wait->cancelling, __ATOMIC_SEQ_CST))
		wait_for_cancellation();
}

/*
 * Around a command. On a kernel in Python there are others within it, on Linux
 * there are none.
 */
static inline struct linux_wait *begin_wait_for_call(struct call *call,
						     bool is_python)
{
	struct linux_wait *wait = is_python ? &own_wait : begin_wait();

	__atomic_store_n(&wait->call, call, __ATOMIC_RELEASE);
	return wait;
}

static inline void end_wait_for_call(struct linux_wait *wait)
{
	__atomic_store_n(&wait->call, NULL, __ATOMIC_SEQ_CST);
	end_wait(wait);
}

/* Around an opening on Linux. */
static struct linux_wait *begin_wait_for_opening(TEEC_Operation *operation)
{
	struct linux_wait *wait = begin_wait();

	__atomic_store_n(&wait->operation, operation, __ATOMIC_SEQ_CST);
	return wait;
}

static void end_wait_for_opening(struct linux_wait *wait)
{
	__atomic_store_n(&wait->operation, NULL, __ATOMIC_SEQ_CST);
	end_wait(wait);
}

/* Makes a system call that opens a session or invokes a command. */
static int wait_for_linux_call(const struct linux_call *made)
{
	struct linux_wait *wait = begin_wait();
	int ret;

	__atomic_store_n(&wait->linux_call, made, __ATOMIC_SEQ_CST);
	ret = tee_device_linux.ioctl(NULL, made->fd, made->request,
				     made->argument);
	__atomic_store_n(&wait->linux_call, NULL, __ATOMIC_SEQ_CST);
	end_wait(wait);
	return ret;
}

static bool is_waiting(const struct linux_wait *wait)
{
	return __atomic_load_n(&wait->call, __ATOMIC_SEQ_CST) ||
	       __atomic_load_n(&wait->operation, __ATOMIC_SEQ_CST) ||
	       __atomic_load_n(&wait->linux_call, __ATOMIC_SEQ_CST);
}

/* From a program, which may have given any address. */
static bool read_message(void *to, uint64_t address, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address,
				.iov_len = size };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) ==
	       (ssize_t)size;
}

/* Past any kernel in Python that passed the call on: that would need Python. */
static void cancel_linux_call(const struct linux_call *made)
{
	struct tee_ioctl_open_session_arg opening;
	struct tee_ioctl_invoke_arg command;
	struct tee_ioctl_cancel_arg arg;
	struct tee_ioctl_buf_data data;

	memset(&arg, 0, sizeof(arg));
	if (!read_message(&data, (uintptr_t)made->argument, sizeof(data)))
		return;
	if (made->request == TEE_IOC_OPEN_SESSION) {
		if (!read_message(&opening, data.buf_ptr, sizeof(opening)))
			return;
		arg.cancel_id = opening.cancel_id;
	} else {
		if (!read_message(&command, data.buf_ptr, sizeof(command)))
			return;
		arg.cancel_id = command.cancel_id;
		arg.session = command.session;
	}
	tee_device_linux.ioctl(NULL, made->fd, TEE_IOC_CANCEL, &arg);
}

/*
 * Cancels what another thread waits for, if SIGINT is for that. SIGINT serves as
 * a nudge, and each other signal would wake the watching thread. If it is still
 * pending after the look at the wait, then it came during the wait or right before
 * it: at the end of a wait before, the thread would have handled it.
 */
static void cancel_wait(const struct linux_wait *wait)
{
	const struct linux_call *linux_call;
	TEEC_Operation *operation;
	struct call *call;

	linux_call = __atomic_load_n(&wait->linux_call, __ATOMIC_SEQ_CST);
	operation = __atomic_load_n(&wait->operation, __ATOMIC_SEQ_CST);
	call = __atomic_load_n(&wait->call, __ATOMIC_SEQ_CST);
	if (!sigint_is_pending())
		return;
	if (linux_call)
		cancel_linux_call(linux_call);
	else if (operation)
		tee_flight_cancel(operation, false);
	else if (call)
		cancel_call(call);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * How long the calls of a context that is observed are with the kernel. Its
 * device takes the time around the two requests that a call can be, so that the
 * calls of all others pay nothing.
 */

#include "internal.h"

/*
 * Moments of now(), or 0: of the one request of a run. Another thread may look, if
 * it has given the call up.
 */
struct timing {
	int64_t begun;
	int64_t ended;
};

/* Of the call that this thread makes; NULL if there is none. */
static __thread struct timing *own_timing;

static void timing_clear(struct timing *timing)
{
	__atomic_store_n(&timing->begun, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&timing->ended, 0, __ATOMIC_SEQ_CST);
}

/*
 * Around a run. Returns what end_timing() takes: an application in Python makes
 * calls within the call that it serves.
 */
static struct timing *begin_timing(struct timing *timing)
{
	struct timing *before = own_timing;

	timing_clear(timing);
	own_timing = timing;
	return before;
}

static void end_timing(struct timing *before)
{
	own_timing = before;
}

static bool timing_was_sent(const struct timing *timing)
{
	return __atomic_load_n(&timing->begun, __ATOMIC_SEQ_CST);
}

/* So far, if it has not ended. */
static int64_t timing_span(const struct timing *timing)
{
	int64_t begun = __atomic_load_n(&timing->begun, __ATOMIC_SEQ_CST);
	int64_t ended = __atomic_load_n(&timing->ended, __ATOMIC_SEQ_CST);

	return begun ? (ended ? ended : now()) - begun : 0;
}

static int timed_ioctl(const struct tee_device_ops *ops, void *device, int fd,
		       unsigned long request, void *argument)
{
	struct timing *timing = own_timing;
	int ret;

	if (!timing ||
	    (request != TEE_IOC_INVOKE && request != TEE_IOC_OPEN_SESSION))
		return ops->ioctl(device, fd, request, argument);
	__atomic_store_n(&timing->begun, now(), __ATOMIC_SEQ_CST);
	ret = ops->ioctl(device, fd, request, argument);
	__atomic_store_n(&timing->ended, now(), __ATOMIC_SEQ_CST);
	return ret;
}

static int timed_linux_ioctl(void *device, int fd, unsigned long request,
			     void *argument)
{
	return timed_ioctl(&tee_device_linux, device, fd, request, argument);
}

static int timed_python_ioctl(void *device, int fd, unsigned long request,
			      void *argument)
{
	return timed_ioctl(&python_device, device, fd, request, argument);
}

static struct tee_device_ops timed_linux;
static struct tee_device_ops timed_python;

__attribute__((constructor)) static void make_timed_devices(void)
{
	timed_linux = tee_device_linux;
	timed_linux.ioctl = timed_linux_ioctl;
	timed_python = python_device;
	timed_python.ioctl = timed_python_ioctl;
}

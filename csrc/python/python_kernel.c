// SPDX-License-Identifier: BSD-2-Clause
/*
 * A device whose system calls are answered in Python. There is no Python between
 * here and the kernel's own methods: an interrupt can be raised in the frame of
 * any Python function, even before its first line.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* How often a call that gives something back is made if interrupts end it. */
#define ATTEMPTS 8

enum answer { ANSWER_NUMBER, ANSWER_ADDRESS, ANSWER_NONE };

/* kernel is the object, which whoever has this structure keeps alive. */
struct python_device {
	uintptr_t kernel;
};

struct range {
	uintptr_t start;
	size_t size;
};

/*
 * The message of this thread's call into a kernel in Python. It is on the stack
 * of the library, so it can be read and written without asking Linux.
 */
static __thread struct {
	struct range argument;
	struct range buffer;
} message;

static bool is_within(const struct range *range, uint64_t address, size_t size)
{
	return address >= range->start && size <= range->size &&
	       address - range->start <= range->size - size;
}

static bool is_of_call(uint64_t address, size_t size)
{
	return is_within(&message.argument, address, size) ||
	       is_within(&message.buffer, address, size);
}

/* A number that a method answered, or an address; with an error if it is none. */
static long long number_of(PyObject *answer, const char *name, bool is_address)
{
	PyObject *number = PyNumber_Index(answer);
	long long result;

	if (!number) {
		PyErr_Clear();
		PyErr_Format(PyExc_TypeError,
			     "%s() of a kernel must return an int, not %R",
			     name, answer);
		return -1;
	}
	result = is_address ? (long long)PyLong_AsUnsignedLongLong(number) :
			      PyLong_AsLongLong(number);
	Py_DECREF(number);
	if (PyErr_Occurred()) {
		PyErr_Clear();
		PyErr_Format(PyExc_ValueError,
			     "%s() of a kernel must return %s, not %R", name,
			     is_address ? "an address" : "a number of 32 bits",
			     answer);
	}
	return result;
}

/*
 * The result of a method, which takes these arguments; -1 and a note if it
 * raises. What answers nothing is asked for no number.
 */
static long long call_method(const struct python_device *device,
			     const char *name, PyObject *arguments,
			     enum answer kind)
{
	PyObject *method = NULL, *answer = NULL;
	long long result = 0;

	if (arguments)
		method = PyObject_GetAttrString((PyObject *)device->kernel,
						name);
	if (method)
		answer = PyObject_CallObject(method, arguments);
	if (answer && kind != ANSWER_NONE)
		result = number_of(answer, name, kind == ANSWER_ADDRESS);
	Py_XDECREF(answer);
	Py_XDECREF(method);
	Py_XDECREF(arguments);
	return PyErr_Occurred() ? note_failure() : result;
}

static int as_int(long long result)
{
	return result > INT_MAX || result < INT_MIN ? -EIO : (int)result;
}

/*
 * The descriptor that Linux gave last to a kernel in Python, which has to pass it
 * on; or -1. An interrupt on the way would lose it.
 */
static __thread int passing = -1;

static int linux_open(const char *path)
{
	passing = tee_device_linux.open(NULL, path);
	return passing;
}

static int linux_ioctl(int fd, unsigned long request, void *argument)
{
	const struct linux_call made = { fd, request, argument };
	int ret;

	if (request == TEE_IOC_INVOKE || request == TEE_IOC_OPEN_SESSION)
		return wait_for_linux_call(&made);
	ret = tee_device_linux.ioctl(NULL, fd, request, argument);
	if (request == TEE_IOC_SHM_ALLOC || request == TEE_IOC_SHM_REGISTER ||
	    request == TEE_IOC_SHM_REGISTER_FD)
		passing = ret;
	return ret;
}

static int linux_close(int fd)
{
	if (fd == passing)
		passing = -1;
	return tee_device_linux.close(NULL, fd);
}

/* After a call that makes a descriptor; before is what passing was before it. */
static void end_passing(long long result, int before)
{
	if (result < 0 && passing >= 0 && was_interrupted())
		tee_device_linux.close(NULL, passing);
	passing = before;
}

static int python_open(void *device, const char *path)
{
	PyGILState_STATE state;
	int before = passing;
	long long result;

	passing = -1;
	state = PyGILState_Ensure();
	result = call_method(device, "open",
			     Py_BuildValue("(N)",
					   PyUnicode_DecodeFSDefault(path)),
			     ANSWER_NUMBER);
	end_passing(result, before);
	PyGILState_Release(state);
	return as_int(result);
}

static int python_ioctl(const struct python_device *device, int fd,
			unsigned long request, void *argument)
{
	/* An interrupt must not keep a session open, which nobody could close. */
	int attempts = request == TEE_IOC_CLOSE_SESSION ? ATTEMPTS : 1;
	PyGILState_STATE state;
	int before = passing;
	long long result;

	passing = -1;
	state = PyGILState_Ensure();
	do
		result = call_method(device, "ioctl",
				     Py_BuildValue("(ikK)", fd, request,
						   (unsigned long long)(uintptr_t)
							   argument),
				     ANSWER_NUMBER);
	while (result < 0 && --attempts && was_interrupted());
	end_passing(result, before);
	PyGILState_Release(state);
	return as_int(result);
}

static int ioctl_by_address(void *device, int fd, unsigned long request,
			    void *argument)
{
	const struct tee_ioctl_buf_data *data = argument;
	__typeof__(message) before = message;
	int ret;

	memset(&message, 0, sizeof(message));
	if (request == TEE_IOC_OPEN_SESSION || request == TEE_IOC_INVOKE) {
		message.argument.start = (uintptr_t)argument;
		message.argument.size = sizeof(*data);
		message.buffer.start = (uintptr_t)data->buf_ptr;
		message.buffer.size = data->buf_len;
	}
	ret = python_ioctl(device, fd, request, argument);
	/* An application in Python may have made a call itself. */
	message = before;
	return ret;
}

/*
 * An address that can't be written would be a signal later. Linux says it fast of
 * all memory but a device's, and none before 5.14.
 */
static int check_mapping(void *address, size_t length)
{
	if (!madvise(address, length, MADV_POPULATE_WRITE))
		return 0;
	return tee_pages_check(address, length, true);
}

static int python_mmap(void *device, int fd, size_t length, void **address)
{
	PyGILState_STATE state;
	long long result;

	state = PyGILState_Ensure();
	result = call_method(device, "mmap",
			     Py_BuildValue("(iK)", fd,
					   (unsigned long long)length),
			     ANSWER_ADDRESS);
	PyGILState_Release(state);
	/* As Linux does: no address is that large. */
	if (result < 0 && result >= -LAST_ERRNO)
		return as_int(result);
	*address = (void *)(uintptr_t)result;
	return check_mapping(*address, length);
}

/* Gives something back, even if an interrupt ends the first attempt. */
static int give_back(const struct python_device *device, const char *name,
		     unsigned long long what, size_t length)
{
	const char *format = length ? "(KK)" : "(K)";
	PyGILState_STATE state;
	int attempts = ATTEMPTS;
	long long result;

	state = PyGILState_Ensure();
	do
		result = call_method(device, name,
				     Py_BuildValue(format, what,
						   (unsigned long long)length),
				     ANSWER_NONE);
	while (result < 0 && --attempts && was_interrupted());
	PyGILState_Release(state);
	return result < 0 ? as_int(result) : 0;
}

static int python_munmap(void *device, void *address, size_t length)
{
	return give_back(device, "munmap", (uintptr_t)address, length);
}

static int python_close(void *device, int fd)
{
	return give_back(device, "close", (unsigned long long)fd, 0);
}

static const struct tee_device_ops python_device = {
	.open = python_open,
	.ioctl = ioctl_by_address,
	.mmap = python_mmap,
	.munmap = python_munmap,
	.close = python_close,
};

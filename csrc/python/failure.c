// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a kernel in Python raised: an interrupt, or a bug of the kernel. It can't
 * pass through the C library, so it waits here for the end of the call into the
 * library, and raise_failure() raises it. All functions but begin_call() and the
 * two around a destructor need the GIL.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* The largest that a system call returns. */
#define LAST_ERRNO 4095

/* Of this thread's call. Owned. */
static __thread PyObject *failure;

/* How many destructors of the library's this thread is in. */
static __thread unsigned int destructors;

/*
 * Called first by each function that Python calls. What is there belongs to a
 * call whose end was overtaken by another interrupt, which was raised instead.
 */
static inline void begin_call(void)
{
	PyGILState_STATE state;

	if (!failure)
		return;
	state = PyGILState_Ensure();
	Py_CLEAR(failure);
	PyGILState_Release(state);
}

static PyObject *take_raised(void)
{
	PyObject *kind, *error, *traceback;

	PyErr_Fetch(&kind, &error, &traceback);
	PyErr_NormalizeException(&kind, &error, &traceback);
	if (traceback)
		PyException_SetTraceback(error, traceback);
	Py_XDECREF(kind);
	Py_XDECREF(traceback);
	return error;
}

/* A program can write anything into an OSError. */
static int errno_of(PyObject *error)
{
	PyObject *number = PyObject_GetAttrString(error, "errno");
	long value = number && PyLong_Check(number) ? PyLong_AsLong(number) : 0;

	Py_XDECREF(number);
	if (PyErr_Occurred())
		PyErr_Clear();
	/* Some write what the kernel's own functions return: a negative number. */
	if (value < 0 && value >= -LAST_ERRNO)
		value = -value;
	return value > 0 && value <= LAST_ERRNO ? (int)value : EIO;
}

/* Takes what was raised; returns the negative errno for it. */
static int note_failure(void)
{
	PyObject *error = take_raised();
	int ret;

	if (PyErr_GivenExceptionMatches(error, PyExc_OSError)) {
		ret = -errno_of(error);
		Py_DECREF(error);
		return ret;
	}
	if (failure && failure != error)
		PyException_SetContext(error, failure);
	else
		Py_XDECREF(failure);
	failure = error;
	return -EIO;
}

static bool is_interrupt(PyObject *error)
{
	return !PyErr_GivenExceptionMatches(error, PyExc_Exception);
}

static bool was_interrupted(void)
{
	return failure && is_interrupt(failure);
}

static int raise_owned(void *error)
{
	PyObject *kind = PyObject_Type(error);

	PyErr_SetObject(kind, error);
	Py_DECREF(kind);
	Py_DECREF((PyObject *)error);
	return -1;
}

/* Python's: raises what a kernel raised during the last call into the library. */
static PyObject *raise_failure(PyObject *self, PyObject *none)
{
	PyObject *error = failure;

	(void)self;
	(void)none;
	if (!error) {
		Py_INCREF(Py_None);
		return Py_None;
	}
	failure = NULL;
	raise_owned(error);
	return NULL;
}

/*
 * Steals an error that nobody can catch where it came. An interrupt is raised in
 * the main thread as soon as it runs on; anything else is told.
 */
static void raise_elsewhere(PyObject *error)
{
	if (is_interrupt(error) && !Py_AddPendingCall(raise_owned, error))
		return;
	raise_owned(error);
	PyErr_WriteUnraisable(Py_None);
}

/* After something that nobody waits for: tells what it raised. */
static void end_unheard(PyObject *before)
{
	PyObject *error = failure;
	PyGILState_STATE state;

	failure = before;
	if (!error)
		return;
	state = PyGILState_Ensure();
	raise_elsewhere(error);
	PyGILState_Release(state);
}

/* Around what a destructor does, which may come between a call and its end. */
static PyObject *begin_destructor(void)
{
	PyObject *before = failure;

	destructors++;
	failure = NULL;
	return before;
}

static void end_destructor(PyObject *before)
{
	destructors--;
	end_unheard(before);
}

static bool is_in_destructor(void)
{
	return destructors;
}

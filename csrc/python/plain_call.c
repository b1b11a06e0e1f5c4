// SPDX-License-Identifier: BSD-2-Clause
/*
 * Common calls without cffi, which would take longer for their arguments than all
 * that is here takes. Each raises the auditing event of a command first. They take
 * the address of a call, and return false if it succeeded, and nobody has to look;
 * None if the command is no plain int of 32 bits: then nothing was sent.
 */

/* False for what is no int, or one of a subclass, or too large. */
static bool get_uint32(PyObject *object, uint32_t *number)
{
	unsigned long value;

	if (!Py_IS_TYPE(object, &PyLong_Type))
		return false;
	value = PyLong_AsUnsignedLong(object);
	if (PyErr_Occurred()) {
		PyErr_Clear();
		return false;
	}
	*number = (uint32_t)value;
	return value <= UINT32_MAX;
}

static PyObject *none(void)
{
	Py_INCREF(Py_None);
	return Py_None;
}

/* NULL, with an exception, if these are not so many arguments, or no address. */
static struct call *call_of(PyObject *const *arguments, Py_ssize_t count,
			    Py_ssize_t expected)
{
	struct call *call;

	if (count != expected) {
		PyErr_SetString(PyExc_TypeError, "wrong number of arguments");
		return NULL;
	}
	call = PyLong_AsVoidPtr(arguments[0]);
	if (!call && !PyErr_Occurred())
		PyErr_SetString(PyExc_ValueError, "no call has this address");
	return call;
}

/* Python's: invokes a command without parameters. */
static PyObject *invoke_nothing(PyObject *module, PyObject *const *arguments,
				Py_ssize_t count)
{
	struct call *call = call_of(arguments, count, 2);
	bool needs_attention;
	uint32_t command;

	(void)module;
	if (!call)
		return NULL;
	if (!get_uint32(arguments[1], &command))
		return none();
	if (!audit_command(call, command))
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	needs_attention = call_invoke(call, command, 0);
	Py_END_ALLOW_THREADS
	return PyBool_FromLong(needs_attention);
}

/*
 * Python's: the same with a bytearray, which somebody keeps as it is until the end.
 */
static PyObject *invoke_bytes(PyObject *module, PyObject *const *arguments,
			      Py_ssize_t count)
{
	struct call *call = call_of(arguments, count, 3);
	bool needs_attention;
	uint32_t command;
	char *bytes;
	size_t size;

	(void)module;
	if (!call)
		return NULL;
	if (!Py_IS_TYPE(arguments[2], &PyByteArray_Type)) {
		PyErr_SetString(PyExc_TypeError, "this is no bytearray");
		return NULL;
	}
	if (!get_uint32(arguments[1], &command))
		return none();
	if (!audit_command(call, command))
		return NULL;
	/* Never NULL, which would be a null memory reference. */
	bytes = PyByteArray_AsString(arguments[2]);
	size = (size_t)PyByteArray_Size(arguments[2]);
	Py_BEGIN_ALLOW_THREADS
	needs_attention = call_invoke_memory(call, command, bytes, size);
	Py_END_ALLOW_THREADS
	return PyBool_FromLong(needs_attention);
}

/* Python's: sends a command once more, with the parameters that the call keeps. */
static PyObject *repeat_call(PyObject *module, PyObject *address)
{
	struct call *call = call_of(&address, 1, 1);
	bool needs_attention;

	(void)module;
	if (!call)
		return NULL;
	if (!audit_command(call, call->command))
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	needs_attention = call_repeat(call);
	Py_END_ALLOW_THREADS
	return PyBool_FromLong(needs_attention);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * The most common call, with two numbers as its parameter, without cffi: that
 * would take as long again for the numbers and the result as all that is here.
 */

/* What was made of the class of the results: how its objects are allocated. */
static allocfunc allocate_value;

/* The numbers of a call's first slot as an object of a class of tuples. */
static PyObject *value_of(PyObject *type, const struct call *call)
{
	const TEEC_Value *value = &call->operation.params[0].value;
	PyObject *made = allocate_value((PyTypeObject *)type, 2);
	PyObject *a = PyLong_FromUnsignedLong(value->a);
	PyObject *b = PyLong_FromUnsignedLong(value->b);

	if (made && a && b) {
		PyTuple_SetItem(made, 0, a);
		PyTuple_SetItem(made, 1, b);
		return made;
	}
	Py_XDECREF(b);
	Py_XDECREF(a);
	Py_XDECREF(made);
	return NULL;
}

/* The answer for a call that was made: None if it needs attention. */
static PyObject *answer_of(PyObject *type, const struct call *call,
			   bool needs_attention)
{
	if (!needs_attention)
		return value_of(type, call);
	return none();
}

static bool get_pair(PyObject *object, uint32_t *a, uint32_t *b)
{
	return Py_IS_TYPE(object, &PyTuple_Type) && PyTuple_Size(object) == 2 &&
	       get_uint32(PyTuple_GetItem(object, 0), a) &&
	       get_uint32(PyTuple_GetItem(object, 1), b);
}

/*
 * Python's: invokes a command with a value, and returns the value that comes
 * back. The arguments are the address of a call, the command, and a tuple of two
 * numbers. NotImplemented if these are not plain: then nothing was sent.
 */
static PyObject *invoke_value(PyObject *type, PyObject *const *arguments,
			      Py_ssize_t count)
{
	uint32_t command, a, b;
	bool needs_attention;
	struct call *call = call_of(arguments, count, 3);

	if (!call)
		return NULL;
	if (!get_uint32(arguments[1], &command) ||
	    !get_pair(arguments[2], &a, &b)) {
		Py_INCREF(Py_NotImplemented);
		return Py_NotImplemented;
	}
	if (!audit_command(call, command))
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	needs_attention = call_invoke_value(call, command, a, b);
	Py_END_ALLOW_THREADS
	return answer_of(type, call, needs_attention);
}

/* Python's: the same with the command and the numbers that the call keeps. */
static PyObject *repeat_value(PyObject *type, PyObject *address)
{
	struct call *call = call_of(&address, 1, 1);
	bool needs_attention;

	if (!call)
		return NULL;
	if (!audit_command(call, call->command))
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	needs_attention = call_repeat(call);
	Py_END_ALLOW_THREADS
	return answer_of(type, call, needs_attention);
}

static PyMethodDef value_functions[] = {
	{ "invoke_value", (PyCFunction)(void (*)(void))invoke_value,
	  METH_FASTCALL, NULL },
	{ "repeat_value", repeat_value, METH_O, NULL },
};

/* Python's: makes both, which return objects of a class of tuples of two. */
static PyObject *make_value_functions(PyObject *module, PyObject *type)
{
	PyObject *invoke, *repeat, *both = NULL;

	(void)module;
	if (!PyType_Check(type) ||
	    !PyType_IsSubtype((PyTypeObject *)type, &PyTuple_Type)) {
		PyErr_SetString(PyExc_TypeError, "values are tuples");
		return NULL;
	}
	allocate_value =
		(allocfunc)PyType_GetSlot((PyTypeObject *)type, Py_tp_alloc);
	invoke = PyCFunction_NewEx(&value_functions[0], type, NULL);
	repeat = PyCFunction_NewEx(&value_functions[1], type, NULL);
	if (invoke && repeat)
		both = PyTuple_Pack(2, invoke, repeat);
	Py_XDECREF(invoke);
	Py_XDECREF(repeat);
	return both;
}

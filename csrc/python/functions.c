// SPDX-License-Identifier: BSD-2-Clause
/*
 * Functions that raise exceptions, or make classes: cffi's can't. Without a frame
 * of Python, in which an interrupt could be raised.
 */

/*
 * Python's: calls needed[0](needed[1], made). The rest of needed is there for as
 * long as that takes: the garbage collector calls destructors in any order.
 */
static PyObject *destroy(PyObject *module, PyObject *arguments)
{
	PyObject *needed, *made;

	(void)module;
	if (!PyArg_UnpackTuple(arguments, "destroy", 2, 2, &needed, &made))
		return NULL;
	return PyObject_CallFunctionObjArgs(PyTuple_GetItem(needed, 0),
					    PyTuple_GetItem(needed, 1), made,
					    NULL);
}

static PyMethodDef functions[] = {
	{ "destroy", destroy, METH_VARARGS, NULL },
	{ "raise_failure", raise_failure, METH_NOARGS, NULL },
	{ "make_finalizer", make_finalizer, METH_O, NULL },
	{ "make_closed_class", make_closed_class, METH_O, NULL },
	{ "invoke_nothing", (PyCFunction)(void (*)(void))invoke_nothing,
	  METH_FASTCALL, NULL },
	{ "invoke_bytes", (PyCFunction)(void (*)(void))invoke_bytes,
	  METH_FASTCALL, NULL },
	{ "repeat_call", repeat_call, METH_O, NULL },
	{ "make_value_functions", make_value_functions, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

/* Adds them to the compiled module; an error shows when they are looked up. */
static void add_functions(void)
{
	PyGILState_STATE state = PyGILState_Ensure();
	PyObject *module = PyImport_ImportModule("pytee_client._native");
	PyMethodDef *definition;
	PyObject *function;

	for (definition = functions; module && definition->ml_name;
	     definition++) {
		function = PyCFunction_NewEx(definition, NULL, NULL);
		if (function)
			PyObject_SetAttrString(module, definition->ml_name,
					       function);
		Py_XDECREF(function);
	}
	Py_XDECREF(module);
	if (PyErr_Occurred())
		PyErr_Clear();
	PyGILState_Release(state);
}

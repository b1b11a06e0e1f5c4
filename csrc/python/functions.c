// SPDX-License-Identifier: BSD-2-Clause
/*
 * Functions that raise exceptions, or make classes: cffi's can't. Without a frame
 * of Python, in which an interrupt could be raised.
 */

static PyMethodDef functions[] = {
	{ "raise_failure", raise_failure, METH_NOARGS, NULL },
	{ "make_finalizer", make_finalizer, METH_O, NULL },
	{ "make_closed_class", make_closed_class, METH_O, NULL },
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

// SPDX-License-Identifier: BSD-2-Clause
/*
 * __del__ as a function in C: an interrupt in a finaliser of Python's would be
 * printed and lost. Here it is raised as soon as the program runs on.
 */

static PyObject *finalize(PyObject *self, PyObject *none)
{
	PyObject *before = begin_destructor();
	PyObject *closed, *result = NULL, *error = NULL;
	int is_closed = -1;

	(void)none;
	closed = PyObject_GetAttrString(self, "_closed");
	if (closed)
		is_closed = PyObject_IsTrue(closed);
	Py_XDECREF(closed);
	if (!is_closed)
		result = PyObject_CallMethod(self, "_forgotten", NULL);
	Py_XDECREF(result);
	if (PyErr_Occurred())
		error = take_raised();
	end_destructor(before);
	if (error && !is_interrupt(error)) {
		raise_owned(error);
		return NULL;
	}
	if (error)
		raise_elsewhere(error);
	Py_INCREF(Py_None);
	return Py_None;
}

static PyMethodDef finalizer = { "__del__", finalize, METH_NOARGS, NULL };

/*
 * Python's: makes the __del__ of a class. It calls _forgotten() unless _closed is
 * true.
 */
static PyObject *make_finalizer(PyObject *module, PyObject *type)
{
	(void)module;
	if (!PyType_Check(type)) {
		PyErr_SetString(PyExc_TypeError, "only a class has a __del__");
		return NULL;
	}
	return PyDescr_NewMethod((PyTypeObject *)type, &finalizer);
}

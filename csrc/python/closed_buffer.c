// SPDX-License-Identifier: BSD-2-Clause
/*
 * The class of an mmap.mmap that is closed while views of it live. It shows
 * itself to nobody any more, and the pages go with the last view.
 */

/* The numbers of slots that the limited API names from Python 3.11 on. */
#define GET_BUFFER 1
#define RELEASE_BUFFER 2

/* Of mmap.mmap. */
static void (*mmap_release)(PyObject *self, void *view);
static PyObject *mmap_close;

/* The class has a method that raises what is to be raised. */
static int closed_get(PyObject *self, void *view, int flags)
{
	PyObject *none = PyObject_CallMethod(self, "_refuse", NULL);

	(void)view;
	(void)flags;
	if (none)
		PyErr_SetString(PyExc_BufferError, "it is closed");
	Py_XDECREF(none);
	return -1;
}

static void closed_release(PyObject *self, void *view)
{
	PyObject *kind, *error, *traceback, *none;

	mmap_release(self, view);
	PyErr_Fetch(&kind, &error, &traceback);
	/* A BufferError if it was not the last view. */
	none = PyObject_CallFunctionObjArgs(mmap_close, self, NULL);
	if (!none)
		PyErr_Clear();
	Py_XDECREF(none);
	PyErr_Restore(kind, error, traceback);
}

/*
 * Python's: makes the class of a subclass of mmap.mmap, to which objects of its
 * base can be assigned.
 */
static PyObject *make_closed_class(PyObject *module, PyObject *base)
{
	PyType_Slot slots[] = {
		{ GET_BUFFER, (void *)closed_get },
		{ RELEASE_BUFFER, (void *)closed_release },
		{ 0, NULL },
	};
	PyType_Spec spec = {
		.name = "pytee_client.AllocatedSharedMemory",
		.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
		.slots = slots,
	};
	PyObject *bases = NULL, *made = NULL, *mmap = NULL, *type = NULL;

	(void)module;
	mmap = PyImport_ImportModule("mmap");
	if (mmap)
		type = PyObject_GetAttrString(mmap, "mmap");
	if (!type)
		goto out;
	mmap_release = (void (*)(PyObject *, void *))PyType_GetSlot(
		(PyTypeObject *)type, RELEASE_BUFFER);
	if (!mmap_close)
		mmap_close = PyObject_GetAttrString(type, "close");
	bases = PyTuple_Pack(1, base);
	if (mmap_close && bases)
		made = PyType_FromSpecWithBases(&spec, bases);
out:
	Py_XDECREF(bases);
	Py_XDECREF(type);
	Py_XDECREF(mmap);
	return made;
}

// SPDX-License-Identifier: BSD-2-Clause
/* Contexts that threads share. */
#include <errno.h>
#include <string.h>

/*
 * version is that of the last device that answered, or zeros. handle stays when
 * the context is finalised.
 */
struct shared_context {
	TEEC_Context context;
	struct tee_ioctl_version_data version;
	TEEC_Result result;
	int error;
	bool is_python;
	bool is_observed;
	unsigned int process;
	uintptr_t handle;
	struct queue queue;
};

/* How many of its calls workers make at once, if nobody says otherwise. */
#define CALLS_AT_ONCE 16

/*
 * True in a child of the process that opened a context on a kernel in Python.
 * The child's copy of that kernel may have locks of threads that the child
 * lacks, and nothing in it is the child's to give back.
 */
static bool is_inherited_copy(const struct shared_context *context)
{
	return context->is_python && context->process != tee_process;
}

/* On a kernel in Python, or on Linux if device is NULL. */
static TEEC_Result context_initialize(TEEC_Context *context, const char *name,
				      struct python_device *device,
				      struct tee_ioctl_version_data *version)
{
	return tee_context_initialize(context, name,
				      device ? &python_device :
					       &tee_device_linux,
				      device, version);
}

/* The same, and the time of each call in it is taken. */
static TEEC_Result context_initialize_timed(
	TEEC_Context *context, const char *name, struct python_device *device,
	struct tee_ioctl_version_data *version)
{
	return tee_context_initialize(context, name,
				      device ? &timed_python : &timed_linux,
				      device, version);
}

/* is_observed: every call in it needs attention, and its time is taken. */
static void context_open(struct shared_context *context, const char *name,
			 struct python_device *device, bool is_observed)
{
	__typeof__(&context_initialize) initialize =
		is_observed ? context_initialize_timed : context_initialize;

	begin_call();
	context->is_python = device;
	context->is_observed = is_observed;
	context->process = tee_process;
	context->queue.is_python = device;
	context->queue.process = tee_process;
	context->queue.limit = CALLS_AT_ONCE;
	context->result = initialize(&context->context, name, device,
				     &context->version);
	context->error = context->result ? errno : 0;
	context->handle = context->result ? 0 : context->context.imp.handle;
}

static void context_trim(struct shared_context *context)
{
	begin_call();
	tee_context_trim(&context->context);
}

/* In a child of the process that opened the context. */
static void context_leave(struct shared_context *context)
{
	begin_call();
	if (!is_inherited_copy(context))
		tee_context_leave(context->handle);
}

/* Its device closes with the last call that uses it. */
static void context_close(struct shared_context *context)
{
	begin_call();
	if (!is_inherited_copy(context))
		TEEC_FinalizeContext(&context->context);
}

/* For a context that nobody closed. */
static void context_drop(struct python_device *device,
			 struct shared_context *context)
{
	PyObject *before = begin_destructor();

	/* An argument so that it is there as long as the context is. */
	(void)device;
	if (!is_inherited_copy(context))
		TEEC_FinalizeContext(&context->context);
	end_destructor(before);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a worker does for a call: it makes it, decides whether anybody still wants
 * what came back, and tells.
 */
#include <pthread.h>

/* The owner takes from the kernel what made this thread's call fail. */
static void keep_cause(PyObject *owner)
{
	PyObject *answer = PyObject_CallMethod(owner, "_keep_cause", NULL);

	Py_XDECREF(answer);
	if (!answer)
		PyErr_Clear();
}

/* Makes the call, whose blocks are in use. */
static void make(struct call *call)
{
	TEEC_Operation *operation = &call->operation;
	struct timing *before = begin_timing(&call->timing);

	fail(call, TEEC_ERROR_BAD_STATE, 0);
	if (call_is_opening(call)) {
		open_in_use(call, &call->place);
	} else if (call->session) {
		if (may_begin(call->session))
			invoke_in_use(call, operation, &call->place);
	} else {
		/* Its owner does all there is to do when it is told. */
		call->result = TEEC_SUCCESS;
	}
	end_timing(before);
	put_blocks(call->blocks, call->types);
}

/*
 * The same on a kernel in Python, which then has one thread state of Python's for
 * the whole call: what it keeps for its thread is there afterwards.
 */
static void make_with_python(struct call *call)
{
	PyGILState_STATE state;
	PyThreadState *saved;

	if (!enter_python(&state)) {
		fail(call, TEEC_ERROR_BAD_STATE, 0);
		return;
	}
	begin_call();
	saved = PyEval_SaveThread();
	make(call);
	PyEval_RestoreThread(saved);
	if (call->result)
		keep_cause((PyObject *)call->owner);
	call->failure = failure;
	failure = NULL;
	leave_python(state);
}

/*
 * Tells the owner, which the call had a reference to, whether it was given up; not
 * if the interpreter ends.
 */
static struct call *tell_owner(struct call *call, bool is_given_up)
{
	struct queue *queue = call->queue;
	PyObject *owner = (PyObject *)call->owner, *answer;
	PyGILState_STATE state;
	struct call *next;

	if (!enter_python(&state)) {
		end_in_thread(call);
		lock_workers();
		next = go_on_locked(queue);
		unlock_workers();
		return next;
	}
	failure = call->failure;
	call->failure = NULL;
	answer = PyObject_CallMethod(owner, "_come_back", "i", is_given_up);
	Py_XDECREF(answer);
	if (!answer)
		PyErr_WriteUnraisable(owner);
	if (is_given_up)
		end_in_thread(call);
	lock_workers();
	next = go_on_locked(queue);
	unlock_workers();
	Py_DECREF(owner);
	/* What a kernel raised in a call that nobody has waited for. */
	end_unheard(NULL);
	leave_python(state);
	return next;
}

/* Closes a session that somebody wanted who does not wait for it any more. */
static void close_unwanted(struct call *call)
{
	PyGILState_STATE state;

	if (!call->queue->is_python) {
		session_close(call->opening.session);
	} else if (enter_python(&state)) {
		session_close(call->opening.session);
		begin_call();
		leave_python(state);
	}
}

/* False if the call was given up. From here on nobody can give it up. */
static bool claim_end(struct call *call)
{
	uint32_t claim = TEE_CLAIM_OPEN;

	return __atomic_compare_exchange_n(&call->place, &claim,
					   TEE_CLAIM_RETURNING, false,
					   __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST) ||
	       claim == TEE_CLAIM_RETURNING;
}

static struct call *make_and_end(struct worker *self, struct call *call,
				 bool *is_idle)
{
	struct call *next;
	bool is_wanted;

	if (call->tells)
		set_thread(call, (unsigned long)pthread_self());
	if (call->queue->is_python)
		make_with_python(call);
	else
		make(call);
	/* An application in Python forked there. The call is the parent's. */
	if (call->queue->process != tee_process)
		return NULL;
	end_cancelling_and_lock(call);
	is_wanted = claim_end(call);
	/* Who waits may free the call, and its context, as soon as it is over. */
	if (is_wanted && !call->tells) {
		next = go_on_locked(call->queue);
		/* Before, so that the caller's next call needs no other worker. */
		*is_idle = !next;
		if (*is_idle)
			be_idle_locked(self);
		unlock_workers();
		tell_if_process_ends();
		end_in_thread(call);
		set_place(call, PLACE_OVER);
		futex_wake(&call->place);
		return next;
	}
	unlock_workers();
	if (!is_wanted && call_is_opening(call) && !call->result)
		close_unwanted(call);
	/* One that was given up is in its session until it has let go of its memory. */
	if (is_wanted)
		end_in_thread(call);
	set_place(call, PLACE_OVER);
	return tell_owner(call, !is_wanted);
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Callers of calls that workers make: those that wait, which may give a call up,
 * and those that are told of its end.
 */
#include <errno.h>
#include <pthread.h>

/*
 * Marks the blocks of a call as used, and gives it to a worker. False, with a
 * result as of a call that could not begin, if a block is closed, or if there is
 * no memory for a worker.
 */
static bool begin_elsewhere(struct call *call)
{
	call->outcome = CALL_CAME_BACK;
	timing_clear(&call->timing);
	fail(call, TEEC_ERROR_BAD_STATE, 0);
	/* The workers of a parent are not in its child. */
	if (call->queue->process != tee_process ||
	    !use_blocks(&call->operation, call->types, call->blocks))
		return false;
	if (start(call))
		return true;
	put_blocks(call->blocks, call->types);
	fail(call, TEEC_ERROR_OUT_OF_MEMORY, EAGAIN);
	return false;
}

/* Before it begins; its blocks are not used any more. */
static bool call_withdraw(struct call *call)
{
	if (!withdraw(call))
		return false;
	put_blocks(call->blocks, call->types);
	end_in_thread(call);
	return true;
}

/*
 * Leaves a call that runs to itself, if it is not returning. From then on it has a
 * reference to its owner, and tells it of its end.
 */
static bool leave_alone(struct call *call)
{
	PyObject *owner = (PyObject *)call->owner;
	PyGILState_STATE state = PyGILState_Ensure();
	uint32_t claim = TEE_CLAIM_OPEN;
	bool is_left;

	/* Before, as the worker may tell it at once. */
	Py_INCREF(owner);
	PyObject_SetAttrString(owner, "is_given_up", Py_True);
	is_left = __atomic_compare_exchange_n(&call->place, &claim,
					      TEE_CLAIM_GIVEN_UP, false,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST);
	if (!is_left) {
		PyObject_SetAttrString(owner, "is_given_up", Py_False);
		Py_DECREF(owner);
	}
	PyGILState_Release(state);
	return is_left;
}

/* Runs handlers of Python's; false if one raised, which failure then is. */
static bool run_handlers(void)
{
	PyGILState_STATE state = PyGILState_Ensure();
	bool raised = PyErr_CheckSignals() < 0;

	if (raised) {
		Py_XDECREF(failure);
		failure = take_raised();
	}
	PyGILState_Release(state);
	return !raised;
}

/* What becomes of a call that runs, and for which nobody waits any longer. */
static enum call_outcome stop_waiting(struct call *call)
{
	uint32_t place;

	if (leave_alone(call))
		return CALL_GIVEN_UP;
	/* It is returning: that takes no time. */
	while ((place = place_of(call)) != PLACE_OVER)
		futex_wait(&call->place, place, NEVER);
	return CALL_LATE;
}

/*
 * In a child of a fork by a signal's handler: its copy of the call has no worker,
 * and never ends.
 */
static enum call_outcome leave_to_parent(struct call *call)
{
	PyObject *owner = (PyObject *)call->owner;
	PyGILState_STATE state = PyGILState_Ensure();

	Py_INCREF(owner);
	PyObject_SetAttrString(owner, "is_given_up", Py_True);
	set_place(call, TEE_CLAIM_GIVEN_UP);
	PyGILState_Release(state);
	return CALL_GIVEN_UP;
}

/*
 * A signal that comes just before a wait does not end it, and only the main thread
 * runs handlers. So this waits for a tenth of a second there. Returns 0, or why
 * the wait ended, as futex_wait().
 */
static int wait_and_glance(struct call *call, uint32_t place, int64_t deadline,
			   int64_t *glance)
{
	bool is_short = *glance < deadline;
	int error = futex_wait(&call->place, place,
			       is_short ? *glance : deadline);

	if (error != ETIMEDOUT || !is_short)
		return error;
	if (syscall(SYS_gettid) != getpid()) {
		*glance = NEVER;
		return 0;
	}
	*glance = after(now(), TENTH);
	return EINTR;
}

/* Waits for the end of a call; sets failure if a handler of a signal raised. */
static enum call_outcome wait_for_end(struct call *call)
{
	enum call_outcome outcome = CALL_CAME_BACK;
	int64_t start = now(), glance = start + TENTH;
	int64_t deadline = after(start, call->timeout);
	bool is_interrupted;
	uint32_t place;
	int error;

	for (;;) {
		place = place_of(call);
		if (place == PLACE_OVER)
			return outcome;
		error = wait_and_glance(call, place, deadline, &glance);
		is_interrupted = error == EINTR && !run_handlers();
		if (call->queue->process != tee_process)
			return leave_to_parent(call);
		if (!is_interrupted && error != ETIMEDOUT)
			continue;
		if (outcome == CALL_LATE)
			return stop_waiting(call);
		if (call_withdraw(call))
			return CALL_UNSENT;
		/* Once: a request that comes late reaches the next command. */
		cancel_elsewhere(call);
		if (is_interrupted)
			return stop_waiting(call);
		outcome = CALL_LATE;
		deadline = after(now(), call->grace);
	}
}

/* Takes over what a kernel raised in the worker. A handler's error goes first. */
static void take_failure(struct call *call)
{
	PyGILState_STATE state;

	if (!call->failure)
		return;
	state = PyGILState_Ensure();
	if (failure)
		Py_DECREF(call->failure);
	else
		failure = call->failure;
	call->failure = NULL;
	PyGILState_Release(state);
}

/* Has a worker make a call; false if it succeeded, and nobody has to look. */
static bool make_elsewhere(struct call *call)
{
	begin_call();
	if (call->timeout < 0) {
		call->outcome = CALL_UNSENT;
		timing_clear(&call->timing);
		return true;
	}
	call->tells = false;
	set_thread(call, (unsigned long)pthread_self());
	if (!begin_elsewhere(call)) {
		end_in_thread(call);
		return true;
	}
	call->outcome = wait_for_end(call);
	if (call->outcome == CALL_GIVEN_UP)
		return true;
	take_failure(call);
	return call->outcome || call->result || failure ||
	       (call->session &&
		(call->session->is_attended || is_closing(call->session)));
}

static void change_owner(struct call *call, bool is_needed)
{
	PyGILState_STATE state = PyGILState_Ensure();

	if (is_needed)
		Py_INCREF((PyObject *)call->owner);
	else
		Py_DECREF((PyObject *)call->owner);
	PyGILState_Release(state);
}

/*
 * Has a worker make a call for which nobody waits: its owner is told of the end,
 * and is there until then. False as begin_elsewhere().
 */
static bool call_submit(struct call *call, uint32_t command, uint32_t types)
{
	begin_call();
	call->command = command;
	call->types = types;
	call->tells = true;
	change_owner(call, true);
	if (begin_elsewhere(call))
		return true;
	change_owner(call, false);
	call->tells = false;
	return false;
}

/*
 * For a call that was submitted: true if it had not begun, and never will. Else
 * a request for its cancellation is on its way.
 */
static bool call_stop(struct call *call)
{
	if (call_withdraw(call)) {
		change_owner(call, false);
		return true;
	}
	cancel_elsewhere(call);
	return false;
}

/*
 * For a call that was submitted. False if it is returning, or over. The owner knows
 * it before an interrupt can come: who closes the session must not wait for it.
 */
static bool call_give_up(struct call *call)
{
	uint32_t claim = TEE_CLAIM_OPEN;
	PyGILState_STATE state;

	if (!__atomic_compare_exchange_n(&call->place, &claim,
					 TEE_CLAIM_GIVEN_UP, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	state = PyGILState_Ensure();
	PyObject_SetAttrString((PyObject *)call->owner, "is_given_up", Py_True);
	PyGILState_Release(state);
	return true;
}

/* Whether a worker has it, or is to have it. */
static bool call_is_pending(const struct call *call)
{
	uint32_t place = place_of(call);

	return place && place != PLACE_OVER;
}

static bool call_is_running(const struct call *call)
{
	return call_is_pending(call) && place_of(call) != PLACE_QUEUED;
}

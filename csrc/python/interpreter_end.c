// SPDX-License-Identifier: BSD-2-Clause
/*
 * How workers enter Python, and the end of the interpreter, after which they must
 * not.
 */
#include <errno.h>

/* Takes the GIL; false if the interpreter ends. */
static bool enter_python(PyGILState_STATE *state)
{
	bool ends;

	lock_workers();
	ends = python_ends;
	if (!ends)
		workers_in_python++;
	unlock_workers();
	if (!ends)
		*state = PyGILState_Ensure();
	return !ends;
}

static void leave_python(PyGILState_STATE state)
{
	PyGILState_Release(state);
	lock_workers();
	/* 0 in a child that this thread forked meanwhile. */
	if (workers_in_python)
		workers_in_python--;
	unlock_workers();
	tell_if_process_ends();
}

/* Cancels a call that was not cancelled before; false if there is none. */
static bool cancel_another(void)
{
	struct call *call;

	lock_workers();
	for (call = calls_with_workers.first; call; call = call->next)
		if (may_cancel_locked(call))
			break;
	if (!call) {
		unlock_workers();
		return false;
	}
	cancel_elsewhere_and_unlock(call);
	return true;
}

/*
 * When the interpreter ends: cancels what runs, waits for its end, though not for
 * long, and lets no worker enter Python any more. What waits for a worker waits on.
 */
static void workers_end(int64_t limit)
{
	int64_t deadline = now() + limit;
	uint32_t seen;
	bool is_busy;

	__atomic_store_n(&process_ends, true, __ATOMIC_SEQ_CST);
	while (cancel_another())
		;
	do {
		seen = __atomic_load_n(&calls_ended, __ATOMIC_SEQ_CST);
		lock_workers();
		is_busy = calls_with_workers.first;
		python_ends = !is_busy;
		unlock_workers();
	} while (is_busy && futex_wait(&calls_ended, seen, deadline) != ETIMEDOUT);
	lock_workers();
	python_ends = true;
	unlock_workers();
	do {
		seen = __atomic_load_n(&calls_ended, __ATOMIC_SEQ_CST);
		lock_workers();
		is_busy = workers_in_python;
		unlock_workers();
	} while (is_busy && futex_wait(&calls_ended, seen, deadline) != ETIMEDOUT);
}

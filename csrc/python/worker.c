// SPDX-License-Identifier: BSD-2-Clause
/*
 * Workers: threads that make calls for others, so that these need not wait for
 * the TEE. They belong to the process, are made when there is none idle, and last
 * as long as the process. A call of a context waits in its queue while
 * as many others of it are with workers as may be. With Linux's devices a worker
 * needs nothing of Python, unless somebody is to be told of the call's end.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* Where a call is, in call->place. With a worker it is one of enum tee_claim. */
enum { PLACE_QUEUED = TEE_CLAIM_GIVEN_UP + 1, PLACE_OVER };

/* What a worker does. One that still runs when it gets a task needs no waking. */
enum { WORKER_RUNS, WORKER_HAS_TASK, WORKER_SLEEPS };

/* One of the two is its task: a call to make, or a call to cancel. */
struct worker {
	uint32_t state;
	struct call *call;
	struct call *cancelled;
	struct worker *next;
};

/* Guards all of this, and the queues of contexts. No Python runs under it. */
static pthread_mutex_t workers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker *idle_workers;
static struct call_list calls_with_workers;
/*
 * Set when the interpreter ends: workers tell then when a call is over, and a
 * moment later they do not enter Python any more.
 */
static bool process_ends;
static bool python_ends;
static unsigned int workers_in_python;
static uint32_t calls_ended;

static void list_append(struct call_list *list, struct call *call)
{
	call->next = NULL;
	call->previous = list->last;
	if (list->last)
		list->last->next = call;
	else
		list->first = call;
	list->last = call;
}

static void list_remove(struct call_list *list, struct call *call)
{
	if (call->previous)
		call->previous->next = call->next;
	else
		list->first = call->next;
	if (call->next)
		call->next->previous = call->previous;
	else
		list->last = call->previous;
}

static void set_place(struct call *call, uint32_t place)
{
	__atomic_store_n(&call->place, place, __ATOMIC_SEQ_CST);
}

/* A worker changes it without the lock, when the call returns or is given up. */
static uint32_t place_of(const struct call *call)
{
	return __atomic_load_n(&call->place, __ATOMIC_SEQ_CST);
}

static void lock_workers(void)
{
	pthread_mutex_lock(&workers_lock);
}

static void unlock_workers(void)
{
	pthread_mutex_unlock(&workers_lock);
}

/* The child lacks the workers, and what they do there is over. */
static void forget_workers(void)
{
	idle_workers = NULL;
	memset(&calls_with_workers, 0, sizeof(calls_with_workers));
	workers_in_python = 0;
	unlock_workers();
}

__attribute__((constructor)) static void watch_forks_of_workers(void)
{
	pthread_atfork(lock_workers, unlock_workers, forget_workers);
}

/* For workers_end(). */
static void tell_if_process_ends(void)
{
	if (!__atomic_load_n(&process_ends, __ATOMIC_SEQ_CST))
		return;
	__atomic_add_fetch(&calls_ended, 1, __ATOMIC_SEQ_CST);
	futex_wake(&calls_ended);
}

/*
 * making.c: returns the next call of the queue. If there is none, the worker may be
 * idle for others already.
 */
static struct call *make_and_end(struct worker *self, struct call *call,
				 bool *is_idle);
static void *work(void *argument);

/*
 * Gives a task to an idle worker, which is not in the list any more, or to a new
 * one. False without memory for one.
 */
static bool hand_over(struct worker *worker, struct call *call,
		      struct call *cancelled)
{
	sigset_t all, before;
	pthread_t thread;
	int error, nudge;

	if (worker) {
		worker->call = call;
		worker->cancelled = cancelled;
		if (__atomic_exchange_n(&worker->state, WORKER_HAS_TASK,
					__ATOMIC_SEQ_CST) == WORKER_SLEEPS)
			futex_wake(&worker->state);
		return true;
	}
	worker = calloc(1, sizeof(*worker));
	if (!worker)
		return false;
	worker->call = call;
	worker->cancelled = cancelled;
	worker->state = WORKER_HAS_TASK;
	/* All signals but nudges are for the program's own threads. */
	sigfillset(&all);
	nudge = tee_nudge_signal();
	if (nudge)
		sigdelset(&all, nudge);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		free(worker);
		return false;
	}
	pthread_detach(thread);
	return true;
}

static void be_idle_locked(struct worker *self)
{
	self->next = idle_workers;
	idle_workers = self;
}

static struct worker *take_idle_locked(void)
{
	struct worker *worker = idle_workers;

	if (worker)
		idle_workers = worker->next;
	return worker;
}

/* Takes a call that waits, if it may begin now. */
static struct call *next_locked(struct queue *queue)
{
	struct call *call = queue->waiting.first;

	/* Nothing begins in the child of a worker that forked, nor at the end. */
	if (!call || queue->running >= queue->limit ||
	    queue->process != tee_process || process_ends)
		return NULL;
	list_remove(&queue->waiting, call);
	queue->running++;
	set_place(call, TEE_CLAIM_OPEN);
	list_append(&calls_with_workers, call);
	return call;
}

/* After a call of a queue: takes the next. */
static struct call *go_on_locked(struct queue *queue)
{
	queue->running--;
	return next_locked(queue);
}

/*
 * From here on nobody begins to cancel the call, nor is about to. The workers
 * stay locked.
 */
static void end_cancelling_and_lock(struct call *call)
{
	uint32_t cancels;

	lock_workers();
	while ((cancels = __atomic_load_n(&call->cancels, __ATOMIC_SEQ_CST))) {
		unlock_workers();
		futex_wait(&call->cancels, cancels, NEVER);
		lock_workers();
	}
	call->ending = true;
	list_remove(&calls_with_workers, call);
}

static void end_cancel(struct call *call)
{
	/* The last access: the call may be gone then. */
	__atomic_sub_fetch(&call->cancels, 1, __ATOMIC_SEQ_CST);
	futex_wake(&call->cancels);
}

/* interpreter_end.c */
static bool enter_python(PyGILState_STATE *state);
static void leave_python(PyGILState_STATE state);

/* On a kernel in Python, nobody can catch what it raises. */
static void cancel(struct call *call)
{
	PyGILState_STATE state;
	PyThreadState *saved;
	PyObject *before;

	if (!call->queue->is_python) {
		TEEC_RequestCancellation(&call->operation);
	} else if (enter_python(&state)) {
		saved = PyEval_SaveThread();
		before = begin_destructor();
		TEEC_RequestCancellation(&call->operation);
		end_destructor(before);
		PyEval_RestoreThread(saved);
		leave_python(state);
	}
	end_cancel(call);
}

/* Without a time-out, which would take longer than all the rest of it. */
static void wait_for_task(struct worker *self)
{
	uint32_t state = WORKER_RUNS;

	if (__atomic_compare_exchange_n(&self->state, &state, WORKER_SLEEPS,
					false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		while (__atomic_load_n(&self->state, __ATOMIC_SEQ_CST) ==
		       WORKER_SLEEPS)
			futex_wait(&self->state, WORKER_SLEEPS, NEVER);
	self->state = WORKER_RUNS;
}

static void *work(void *argument)
{
	struct worker *self = argument;
	unsigned int process = tee_process;
	struct call *call;
	bool is_idle;

	prctl(PR_SET_NAME, "pytee-worker");
	for (;;) {
		wait_for_task(self);
		is_idle = false;
		call = self->call;
		if (self->cancelled)
			cancel(self->cancelled);
		while (call)
			call = make_and_end(self, call, &is_idle);
		/* An application in Python forked here: the child's only thread. */
		if (process != tee_process)
			break;
		if (is_idle)
			continue;
		lock_workers();
		be_idle_locked(self);
		unlock_workers();
	}
	free(self);
	return NULL;
}

/*
 * Gives a call, whose blocks are in use, to a worker; it waits if too many run.
 * False if there is no memory for a worker.
 */
static bool start(struct call *call)
{
	struct queue *queue = call->queue;
	struct worker *worker = NULL;
	bool runs, is_queued = false;

	call->ending = false;
	call->was_cancelled = false;
	call->is_withdrawn = false;
	if (!call->cancellable)
		call->operation.started = TEE_OPERATION_IDLE;
	lock_workers();
	runs = call->is_urgent ||
	       (queue->running < queue->limit && !queue->waiting.first);
	if (runs) {
		queue->running++;
		set_place(call, TEE_CLAIM_OPEN);
		list_append(&calls_with_workers, call);
		worker = take_idle_locked();
	} else {
		set_place(call, PLACE_QUEUED);
		list_append(&queue->waiting, call);
	}
	unlock_workers();
	if (!runs || hand_over(worker, call, NULL))
		return true;

	lock_workers();
	list_remove(&calls_with_workers, call);
	queue->running--;
	is_queued = queue->running;
	set_place(call, is_queued ? PLACE_QUEUED : PLACE_OVER);
	if (is_queued)
		list_append(&queue->waiting, call);
	unlock_workers();
	return is_queued;
}

/* Takes a call back that waits for a worker; false if it does not. */
static bool withdraw(struct call *call)
{
	bool is_queued;

	lock_workers();
	is_queued = place_of(call) == PLACE_QUEUED &&
		    call->queue->process == tee_process;
	if (is_queued) {
		list_remove(&call->queue->waiting, call);
		call->is_withdrawn = true;
		set_place(call, PLACE_OVER);
	}
	unlock_workers();
	return is_queued;
}

/*
 * Once in each run: a request that arrives when the application has returned
 * cancels the session's next command.
 */
static bool may_cancel_locked(const struct call *call)
{
	uint32_t place = place_of(call);

	/* One that was never given to a worker may have no queue yet. */
	return (place == TEE_CLAIM_OPEN || place == TEE_CLAIM_GIVEN_UP) &&
	       !call->ending && !call->was_cancelled &&
	       call->queue->process == tee_process;
}

/*
 * Has a worker cancel a call that runs: the request may have to wait in the
 * kernel. It is only a hint, so nothing happens without memory for a worker.
 */
static void cancel_elsewhere_and_unlock(struct call *call)
{
	struct worker *worker;

	call->was_cancelled = true;
	__atomic_add_fetch(&call->cancels, 1, __ATOMIC_SEQ_CST);
	worker = take_idle_locked();
	unlock_workers();
	if (!hand_over(worker, NULL, call))
		end_cancel(call);
}

static void cancel_elsewhere(struct call *call)
{
	lock_workers();
	if (may_cancel_locked(call))
		cancel_elsewhere_and_unlock(call);
	else
		unlock_workers();
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Calls: an opening of a session or a command, with its parameters. Here is what
 * the thread does that makes the call; worker.c and waiting.c have the threads
 * that make calls for others.
 */
#include <pthread.h>
#include <string.h>

/* What an opening needs beside its parameters. session is NULL for a command. */
struct opening {
	struct shared_context *context;
	struct shared_session *session;
	TEEC_UUID destination;
	uint32_t login;
	uint32_t gid;
	bool has_gid;
	bool is_watched;
	bool is_attended;
};

/*
 * What became of a call whose caller waited for a worker. LATE: it came back
 * after the deadline. UNSENT: no worker had begun with it.
 */
enum call_outcome { CALL_CAME_BACK, CALL_LATE, CALL_UNSENT, CALL_GIVEN_UP };

/* The time-out of a call for which there is no time: nothing is sent. */
#define NO_TIME (-1)

/*
 * An operation that calls use one after the other. thread is the one that the
 * call is in, as Python numbers threads, or 0: the one that waits for it, if any.
 * session is the one that a command goes to. timeout and grace are in nanoseconds; no
 * worker makes the call if timeout is 0, and nobody if it is NO_TIME. owner is
 * the object of Python's that this lies in. failure is what a kernel in Python
 * raised in a worker, owned. tells is set if nobody waits, and owner is to be told
 * of the end. is_urgent is set if it need not wait for others. is_withdrawn is set if
 * it was taken back before it began. timing is of its last run, if its context is
 * observed. The rest belongs to worker.c.
 */
struct call {
	TEEC_Operation operation;
	struct shared_session *session;
	struct opening opening;
	uint32_t command;
	uint32_t types;
	TEEC_Parameter given[TEEC_CONFIG_PAYLOAD_REF_COUNT];
	uint32_t origin;
	TEEC_Result result;
	int error;
	bool cancellable;
	unsigned long thread;
	int64_t timeout;
	int64_t grace;
	uint32_t outcome;
	uintptr_t owner;
	PyObject *failure;
	struct timing timing;
	bool tells;
	bool ending;
	bool was_cancelled;
	bool is_urgent;
	bool is_withdrawn;
	uint32_t place;
	uint32_t cancels;
	struct queue *queue;
	struct call *next;
	struct call *previous;
	struct shared_memory *blocks[TEEC_CONFIG_PAYLOAD_REF_COUNT];
};

static void uuid_of_octets(TEEC_UUID *uuid, const uint8_t octets[16])
{
	uuid->timeLow = (uint32_t)octets[0] << 24 | octets[1] << 16 |
			octets[2] << 8 | octets[3];
	uuid->timeMid = octets[4] << 8 | octets[5];
	uuid->timeHiAndVersion = octets[6] << 8 | octets[7];
	memcpy(uuid->clockSeqAndNode, octets + 8,
	       sizeof(uuid->clockSeqAndNode));
}

static unsigned long call_thread(struct call *call)
{
	return __atomic_load_n(&call->thread, __ATOMIC_SEQ_CST);
}

static void set_thread(struct call *call, unsigned long thread)
{
	__atomic_store_n(&call->thread, thread, __ATOMIC_SEQ_CST);
}

static void fail(struct call *call, TEEC_Result result, int error)
{
	call->result = result;
	call->origin = TEEC_ORIGIN_API;
	call->error = error;
}

static bool is_closing(const struct shared_session *session)
{
	return __atomic_load_n(&session->closing, __ATOMIC_SEQ_CST);
}

/*
 * False if the session is closing, or another process's. context is looked at
 * last: the thread that closes the session may be writing there otherwise.
 */
static bool may_begin(const struct shared_session *session)
{
	return session->process == tee_process && !is_closing(session) &&
	       session->context;
}

/*
 * Runs a command whose thread is set and whose blocks are in use. claim is
 * tee_session_invoke()'s.
 */
static void invoke_in_use(struct call *call, TEEC_Operation *cancellable,
			  uint32_t *claim)
{
	struct shared_session *session = call->session;
	TEEC_Operation *operation = &call->operation;
	int error = 0;

	operation->paramTypes = call->types;
	call->result = tee_session_invoke(session->context, &session->session,
					  call->command, operation, cancellable,
					  claim, &call->origin, &error);
	if (call->result)
		call->error = error;
}

/*
 * After a call, in whichever thread. True if its session is closing: the last
 * call may have to close it.
 */
static bool end_in_thread(struct call *call)
{
	struct shared_session *session = call->session;

	set_thread(call, 0);
	if (!session || !is_closing(session))
		return false;
	tell_end(session);
	return true;
}

/* invoke_here(); a constant says whether somebody looks at each call. */
static inline __attribute__((always_inline)) bool
invoke_in_thread(struct call *call, bool is_attended)
{
	struct shared_memory *blocks[TEEC_CONFIG_PAYLOAD_REF_COUNT];
	struct shared_session *session = call->session;
	bool is_watched = is_attended && session->is_watched;
	struct timing *before = NULL;
	struct linux_wait *wait;

	if (is_attended)
		before = begin_timing(&call->timing);
	begin_call();
	fail(call, TEEC_ERROR_BAD_STATE, 0);
	set_thread(call, (unsigned long)pthread_self());
	if (may_begin(session) &&
	    (!(call->types & REGISTERED_BITS) ||
	     use_blocks(&call->operation, call->types, blocks))) {
		wait = begin_wait_for_call(call, is_watched);
		invoke_in_use(call, call->cancellable ? &call->operation : NULL,
			      NULL);
		end_wait_for_call(wait);
		put_blocks(blocks, call->types);
	}
	if (is_attended)
		end_timing(before);
	return end_in_thread(call) || call->result || is_attended;
}

static bool __attribute__((noinline)) invoke_attended(struct call *call)
{
	return invoke_in_thread(call, true);
}

/*
 * Runs a command in this thread. False if it succeeded, and nobody has to look.
 * The result is BAD_STATE with origin API if it could not begin.
 */
static bool invoke_here(struct call *call)
{
	if (call->session->is_attended)
		return invoke_attended(call);
	return invoke_in_thread(call, false);
}

/* Opens a session; the blocks are in use. claim is tee_session_open()'s. */
static void open_in_use(struct call *call, uint32_t *claim)
{
	const struct opening *opening = &call->opening;
	struct shared_session *session = opening->session;
	int error = 0;

	call->operation.paramTypes = call->types;
	session->process = tee_process;
	session->is_watched = opening->is_watched;
	session->is_attended = opening->is_attended;
	/* Kept, as the context may be finalised when the session is open. */
	session->context =
		tee_context_get(tee_handle_of(&opening->context->context));
	if (!session->context) {
		fail(call, TEEC_ERROR_BAD_PARAMETERS, 0);
		return;
	}
	call->result = tee_session_open(
		session->context, &session->session, &opening->destination,
		opening->login, opening->has_gid ? &opening->gid : NULL,
		&call->operation, claim, &call->origin, &error);
	call->error = error;
	if (call->result) {
		tee_context_put(session->context);
		session->context = NULL;
	}
}

/* Opens a session in this thread; its result is BAD_STATE if a block is closed. */
static void open_here(struct call *call)
{
	struct shared_memory *blocks[TEEC_CONFIG_PAYLOAD_REF_COUNT];
	struct linux_wait *wait = NULL;
	struct timing *before;

	begin_call();
	before = begin_timing(&call->timing);
	fail(call, TEEC_ERROR_BAD_STATE, 0);
	/* SIGINT may request the cancellation before it is sent. */
	if (!call->cancellable)
		call->operation.started = TEE_OPERATION_IDLE;
	if (!use_blocks(&call->operation, call->types, blocks))
		goto out;
	if (!call->opening.is_watched)
		wait = begin_wait_for_opening(&call->operation);
	open_in_use(call, NULL);
	if (wait)
		end_wait_for_opening(wait);
	put_blocks(blocks, call->types);
out:
	end_timing(before);
}

/* While a thread waits for a command. From a thread without Python. */
static void cancel_call(struct call *call)
{
	struct shared_session *session = call->session;
	struct tee_ioctl_cancel_arg arg;

	/* A signal's handler runs in a kernel in Python. */
	if (session->is_watched)
		return;
	if (call->cancellable) {
		tee_flight_cancel(&call->operation, false);
		return;
	}
	memset(&arg, 0, sizeof(arg));
	arg.session = session->session.imp.session_id;
	tee_context_ioctl(session->context, TEE_IOC_CANCEL, &arg);
}

/* First, once. Returns the address, for value_call.c. */
static uintptr_t call_set_owner(struct call *call, uintptr_t owner,
				bool cancellable)
{
	call->owner = owner;
	call->cancellable = cancellable;
	return (uintptr_t)call;
}

/* Has workers make it within a time-out, and a time for it to come back then. */
static void call_set_limit(struct call *call, int64_t timeout, int64_t grace)
{
	call->timeout = timeout ? timeout : NO_TIME;
	call->grace = grace;
}

/* Has the calling thread make it. */
static void call_set_no_limit(struct call *call)
{
	call->timeout = 0;
	call->outcome = CALL_CAME_BACK;
}

/* Has its commands go to a session. */
static void call_adopt(struct call *call, struct shared_context *context,
		       struct shared_session *session)
{
	call->queue = &context->queue;
	call->session = session;
	/* It may have been meant for an opening before. */
	call->opening.session = NULL;
}

/*
 * Has it open a session. uuid is the object whose 16 octets destination are; gid is
 * of no account without has_gid.
 */
static void call_set_opening(struct call *call, struct shared_context *context,
			     struct shared_session *session,
			     uintptr_t uuid, const char *destination,
			     uint32_t login, bool has_gid, uint32_t gid)
{
	struct opening *opening = &call->opening;

	call->queue = &context->queue;
	call->session = NULL;
	opening->context = context;
	opening->session = session;
	session->destination = uuid;
	opening->is_watched = context->is_python;
	opening->is_attended = context->is_python || context->is_observed;
	uuid_of_octets(&opening->destination, (const uint8_t *)destination);
	opening->login = login;
	opening->has_gid = has_gid;
	opening->gid = gid;
}

static bool call_is_opening(const struct call *call)
{
	return call->opening.session;
}

/* Before a run, for an observer: an interrupt may come before the run begins. */
static void call_forget_run(struct call *call)
{
	call->outcome = CALL_CAME_BACK;
	timing_clear(&call->timing);
	fail(call, TEEC_ERROR_BAD_STATE, 0);
}

/* Whether its last run reached the kernel; of a context that is observed. */
static bool call_was_sent(const struct call *call)
{
	return timing_was_sent(&call->timing);
}

/* For how long that was there, or is by now if the call was given up. */
static int64_t call_nanoseconds(const struct call *call)
{
	return timing_span(&call->timing);
}

static void call_cancel(struct call *call)
{
	begin_call();
	TEEC_RequestCancellation(&call->operation);
}

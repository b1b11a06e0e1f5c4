// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sessions that threads share, and their calls. Whoever closes a session first
 * sets closing, and then looks for calls in the session. A call first sets its
 * thread, and then looks at closing. So at least one of them sees the other.
 */
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * With its context in use until it is closed or dropped. ended counts the calls
 * that ended since it is closing, and its closing. closer is the thread that
 * closes it.
 */
struct shared_session {
	TEEC_Session session;
	struct tee_context *context;
	unsigned int process;
	bool is_watched;
	bool closing;
	bool closed;
	uint32_t ended;
	unsigned long closer;
};

/*
 * An operation that calls use one after the other. thread is the one whose call
 * it is in, as Python numbers threads, or 0.
 */
struct call {
	TEEC_Operation operation;
	struct shared_session *session;
	uint32_t command;
	uint32_t types;
	TEEC_Parameter given[TEEC_CONFIG_PAYLOAD_REF_COUNT];
	uint32_t origin;
	TEEC_Result result;
	int error;
	bool cancellable;
	unsigned long thread;
};

static unsigned long call_thread(struct call *call)
{
	return __atomic_load_n(&call->thread, __ATOMIC_SEQ_CST);
}

#ifdef SYS_futex
struct kernel_time {
	long seconds, nanoseconds;
};
#else
#define SYS_futex SYS_futex_time64
struct kernel_time {
	int64_t seconds, nanoseconds;
};
#endif

#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129

static void tell_end(struct shared_session *session)
{
	__atomic_add_fetch(&session->ended, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &session->ended, FUTEX_WAKE_PRIVATE, INT_MAX, NULL,
		NULL, 0);
}

/* From here on no call begins. */
static void session_set_closing(struct shared_session *session)
{
	__atomic_store_n(&session->closing, true, __ATOMIC_SEQ_CST);
}

static bool session_is_closed(const struct shared_session *session)
{
	return __atomic_load_n(&session->closed, __ATOMIC_SEQ_CST);
}

static uint32_t session_ended(const struct shared_session *session)
{
	return __atomic_load_n(&session->ended, __ATOMIC_SEQ_CST);
}

/*
 * Until something ended since session_ended() was seen; also returns after a
 * signal, and after a tenth of a second, as the signal may have woken another
 * thread.
 */
static void session_wait(struct shared_session *session, uint32_t seen)
{
	struct kernel_time limit = { .nanoseconds = 100000000 };

	syscall(SYS_futex, &session->ended, FUTEX_WAIT_PRIVATE, seen, &limit,
		NULL, 0);
}

/* False if the session is closing, or another process's, or a block is closed. */
static bool begin(struct call *call, struct shared_memory **blocks)
{
	struct shared_session *session = call->session;

	return session->process == tee_process && session->context &&
	       !__atomic_load_n(&session->closing, __ATOMIC_SEQ_CST) &&
	       (!(call->types & REGISTERED_BITS) ||
		use_blocks(&call->operation, call->types, blocks));
}

/*
 * False if the call succeeded. The result is BAD_STATE with origin API if it
 * could not begin.
 */
static bool invoke(struct call *call)
{
	struct shared_memory *blocks[TEEC_CONFIG_PAYLOAD_REF_COUNT];
	struct shared_session *session = call->session;
	TEEC_Operation *operation = &call->operation;
	bool needs_attention;
	int error = 0;

	begin_call();
	call->result = TEEC_ERROR_BAD_STATE;
	call->origin = TEEC_ORIGIN_API;
	__atomic_store_n(&call->thread, (unsigned long)pthread_self(),
			 __ATOMIC_SEQ_CST);
	if (begin(call, blocks)) {
		operation->paramTypes = call->types;
		call->result = tee_session_invoke(
			session->context, &session->session, call->command,
			operation, call->cancellable ? operation : NULL,
			&call->origin, &error);
		put_blocks(blocks, call->types);
	}
	__atomic_store_n(&call->thread, 0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&session->closing, __ATOMIC_SEQ_CST))
		tell_end(session);
	needs_attention = call->result || session->is_watched;
	if (needs_attention)
		call->error = error;
	return needs_attention;
}

/* Sets and sends at once: a call crosses between the languages only once. */
static bool call_invoke(struct call *call, uint32_t command, uint32_t types)
{
	call->command = command;
	call->types = types;
	return invoke(call);
}

/* The same with one parameter: two numbers, */
static bool call_invoke_value(struct call *call, uint32_t command, uint32_t a,
			      uint32_t b)
{
	call->command = command;
	call->types = TEEC_VALUE_INOUT;
	call->operation.params[0].value.a = a;
	call->operation.params[0].value.b = b;
	return invoke(call);
}

/* or memory, */
static bool call_invoke_memory(struct call *call, uint32_t command,
			       void *buffer, size_t size)
{
	call->command = command;
	call->types = TEEC_MEMREF_TEMP_INOUT;
	call->operation.params[0].tmpref.buffer = buffer;
	call->operation.params[0].tmpref.size = size;
	return invoke(call);
}

/* or a block. */
static bool call_invoke_block(struct call *call, uint32_t command,
			      TEEC_SharedMemory *block)
{
	call->command = command;
	call->types = TEEC_MEMREF_WHOLE;
	call->operation.params[0].memref.parent = block;
	/* Or else an earlier call's size stays, if the driver returns none. */
	call->operation.params[0].memref.size = block->size;
	return invoke(call);
}

/* Sends the command once more, with the parameters that were given first. */
static bool call_repeat(struct call *call)
{
	memcpy(call->operation.params, call->given, sizeof(call->given));
	return invoke(call);
}

/*
 * Opens a session with the parameters that were set. is_watched makes each of
 * its calls need attention.
 */
static TEEC_Result call_open_session(struct call *call, struct shared_context *context,
				     struct shared_session *session,
				     const TEEC_UUID *destination,
				     uint32_t login, const uint32_t *gid,
				     uint32_t types, bool is_watched)
{
	struct shared_memory *blocks[TEEC_CONFIG_PAYLOAD_REF_COUNT];

	begin_call();
	call->error = 0;
	call->result = TEEC_ERROR_BAD_STATE;
	call->origin = TEEC_ORIGIN_API;
	if (!use_blocks(&call->operation, types, blocks))
		return call->result;
	call->operation.paramTypes = types;
	/* First, as the context may be finalised when the session is open. */
	session->context = tee_context_get(context->context.imp.handle);
	session->process = tee_process;
	session->is_watched = is_watched;
	call->result = TEEC_OpenSession(&context->context, &session->session, destination,
					login, gid, &call->operation,
					&call->origin);
	call->error = errno;
	put_blocks(blocks, types);
	if (call->result && session->context) {
		tee_context_put(session->context);
		session->context = NULL;
	}
	return call->result;
}

/* Closes it, and waits for nobody. False if another thread is closing it. */
static bool session_close(struct shared_session *session)
{
	unsigned long self = (unsigned long)pthread_self();
	struct tee_context *context;
	unsigned long closer = 0;

	begin_call();
	/* This thread itself is closing it if an interrupt came meanwhile. */
	if (!__atomic_compare_exchange_n(&session->closer, &closer, self, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return closer == self || session_is_closed(session);
	context = session->context;
	TEEC_CloseSession(&session->session);
	session->context = NULL;
	if (context)
		tee_context_put(context);
	__atomic_store_n(&session->closed, true, __ATOMIC_SEQ_CST);
	tell_end(session);
	return true;
}

/* For a session that nobody closed. A child's parent goes on using it. */
static void session_drop(struct shared_context *context, struct shared_session *session)
{
	PyObject *before = begin_destructor();

	/* An argument so that it is there as long as the session is. */
	(void)context;
	if (session->process == tee_process)
		session_close(session);
	end_destructor(before);
}

static void call_cancel(struct call *call)
{
	begin_call();
	TEEC_RequestCancellation(&call->operation);
}

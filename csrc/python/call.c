// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sessions that threads share, and their calls. Whoever closes a session first
 * sets closing, and then looks for calls in the session. A call first sets its
 * thread, and then looks at closing. So at least one of them sees the other.
 */
#include <pthread.h>
#include <string.h>

#include "internal.h"

/* With its context in use until it is closed or dropped. */
struct shared_session {
	TEEC_Session session;
	struct tee_context *context;
	unsigned int process;
	bool is_watched;
	bool closing;
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

/*
 * Once the session is open. is_watched makes each of its calls need attention.
 */
static void session_share(struct shared_session *session, bool is_watched)
{
	session->is_watched = is_watched;
	session->process = tee_process;
	session->context = tee_context_get(session->session.imp.context);
}

static void session_close(struct shared_session *session)
{
	struct tee_context *context = session->context;

	session->context = NULL;
	TEEC_CloseSession(&session->session);
	if (context)
		tee_context_put(context);
}

/* For a session that nobody closed: gives back what it holds. */
static void session_drop(struct shared_session *session)
{
	struct tee_context *context = session->context;

	session->context = NULL;
	if (context && session->process == tee_process)
		tee_context_put(context);
}

static void session_set_closing(struct shared_session *session, bool closing)
{
	__atomic_store_n(&session->closing, closing, __ATOMIC_SEQ_CST);
}

static unsigned long call_thread(struct call *call)
{
	return __atomic_load_n(&call->thread, __ATOMIC_SEQ_CST);
}

/*
 * False if the call succeeded and nobody waits for its end. The result is
 * BAD_STATE with origin API if the session is closing, or another process's.
 */
static bool invoke(struct call *call)
{
	struct shared_session *session = call->session;
	TEEC_Operation *operation = &call->operation;
	bool needs_attention;
	int error = 0;

	call->result = TEEC_ERROR_BAD_STATE;
	call->origin = TEEC_ORIGIN_API;
	__atomic_store_n(&call->thread, (unsigned long)pthread_self(),
			 __ATOMIC_SEQ_CST);
	if (session->process == tee_process && session->context &&
	    !__atomic_load_n(&session->closing, __ATOMIC_SEQ_CST)) {
		operation->paramTypes = call->types;
		call->result = tee_session_invoke(
			session->context, &session->session, call->command,
			operation, call->cancellable ? operation : NULL,
			&call->origin, &error);
	}
	__atomic_store_n(&call->thread, 0, __ATOMIC_SEQ_CST);
	needs_attention = call->result || session->is_watched ||
			__atomic_load_n(&session->closing, __ATOMIC_SEQ_CST);
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

static int shared_memory_descriptor(const TEEC_SharedMemory *memory)
{
	return memory->imp.fd;
}

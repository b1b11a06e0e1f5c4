// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sessions that threads share. Whoever closes a session first sets closing, and
 * then looks for calls in the session. A call first sets its thread, and then
 * looks at closing. So at least one of them sees the other.
 */
#include <pthread.h>
#include <string.h>

/*
 * With its context in use until it is closed or dropped. is_watched is set on a
 * kernel in Python, and is_attended if somebody has to look at each call. ended
 * counts the calls that ended since it is closing, and its closing. closer is the
 * thread that closes it. destination is the UUID, an object of Python's, which
 * whoever makes calls in it keeps.
 */
struct shared_session {
	TEEC_Session session;
	struct tee_context *context;
	unsigned int process;
	bool is_watched;
	bool is_attended;
	bool closing;
	bool closed;
	uint32_t ended;
	unsigned long closer;
	uintptr_t destination;
};

static void tell_end(struct shared_session *session)
{
	__atomic_add_fetch(&session->ended, 1, __ATOMIC_SEQ_CST);
	futex_wake(&session->ended);
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
 * signal, and after so many nanoseconds, at most a tenth of a second, as the
 * signal may have woken another thread.
 */
static void session_wait(struct shared_session *session, uint32_t seen,
			 int64_t limit)
{
	if (limit > TENTH)
		limit = TENTH;
	futex_wait(&session->ended, seen, now() + limit);
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

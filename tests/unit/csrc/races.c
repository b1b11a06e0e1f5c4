// SPDX-License-Identifier: BSD-2-Clause
/*
 * Threads that use the library at once, in every way that its header allows. Made
 * with ThreadSanitizer, which says what races. Prints what is wrong; the status
 * is 0 if nothing is. argv[1] is how often each thread does what it does.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "racing_device.h"

#define THREADS 4
#define PART 1000
#define LARGE 20000

static const TEEC_UUID destination;
static int rounds;
static atomic_int failures;
static pthread_barrier_t barrier;

/* What the threads of one scenario share. */
static TEEC_Context context;
static TEEC_Session session;
static TEEC_SharedMemory inputs, parts;
static TEEC_Operation operations[THREADS];
static atomic_bool is_over[THREADS];

static void check(bool is_right, const char *wrong)
{
	if (is_right)
		return;
	printf("%s\n", wrong);
	atomic_store_explicit(&failures, 1, RELAXED);
}

static void meet(void)
{
	pthread_barrier_wait(&barrier);
}

static void begin_context(void)
{
	check(!tee_context_initialize(&context, "/dev/tee0", &racing_device,
				      NULL, NULL),
	      "no context");
	check(!TEEC_OpenSession(&context, &session, &destination, 0, NULL, NULL,
				NULL),
	      "no session");
}

static void begin_context_with_memory(void)
{
	begin_context();
	inputs = (TEEC_SharedMemory){ .size = PART, .flags = TEEC_MEM_INPUT };
	parts = (TEEC_SharedMemory){ .size = THREADS * PART,
				     .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT };
	check(!TEEC_AllocateSharedMemory(&context, &inputs), "no memory");
	check(!TEEC_AllocateSharedMemory(&context, &parts), "no memory");
}

static void end_context(void)
{
	TEEC_ReleaseSharedMemory(&inputs);
	TEEC_ReleaseSharedMemory(&parts);
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

/* Every kind of parameter at once; what comes back is this call's own. */
static void send_command(int self, size_t size)
{
	uint8_t buffer[LARGE];
	uint8_t *part = (uint8_t *)parts.buffer + self * PART;
	TEEC_Operation operation = {
		.paramTypes = TEEC_PARAM_TYPES(
			TEEC_VALUE_INOUT, TEEC_MEMREF_TEMP_INOUT,
			TEEC_MEMREF_WHOLE, TEEC_MEMREF_PARTIAL_INOUT),
		.params[0].value.a = (uint32_t)self,
		.params[1].tmpref = { buffer, size },
		.params[2].memref.parent = &inputs,
		.params[3].memref = { &parts, PART, (size_t)self * PART },
	};
	uint8_t before = part[PART - 1];

	memset(buffer, self, size);
	check(!TEEC_InvokeCommand(&session, ADDING, &operation, NULL),
	      "a command fails");
	check(operation.params[0].value.a == (uint32_t)self + 1 &&
		      buffer[0] == self + 1 && buffer[size - 1] == self + 1 &&
		      part[PART - 1] == (uint8_t)(before + 1),
	      "a call returns what is another's");
}

/* One more thread gives the idle blocks of the context back all the time. */
static void commands(int self)
{
	int i;

	for (i = 0; i < rounds; i++)
		if (!self)
			tee_context_trim(&context);
		else
			send_command(self, i % 3 ? 64 + (size_t)i % 8 : LARGE);
}

/* Threads in pairs: one runs an operation again and again, the other cancels. */
static void cancellations(int self)
{
	TEEC_Operation *operation = &operations[self / 2];
	atomic_bool *over = &is_over[self / 2];
	uint32_t origin;
	int i;

	for (i = 0; i < rounds; i++) {
		/* Nobody cancels it from here to the next meeting. */
		meet();
		if (!(self % 2)) {
			memset(operation, 0, sizeof(*operation));
			atomic_store_explicit(over, false, RELAXED);
		}
		meet();
		if (self % 2) {
			do
				TEEC_RequestCancellation(operation);
			while (!atomic_load_explicit(over, RELAXED));
			continue;
		}
		check(TEEC_InvokeCommand(&session, WAITING, operation,
					 &origin) == TEEC_ERROR_CANCEL &&
			      (origin == TEEC_ORIGIN_API ||
			       origin == TEEC_ORIGIN_TRUSTED_APP),
		      "a cancelled operation is not");
		check(tee_operation_state(operation) == TEE_OPERATION_DONE,
		      "an operation is not done");
		atomic_store_explicit(over, true, RELAXED);
	}
}

static bool is_of_a_closed_session(TEEC_Result result)
{
	return result == TEEC_SUCCESS || result == TEEC_ERROR_BAD_PARAMETERS;
}

/* Sessions of a thread's own, and one that several threads close. */
static void sessions(int self)
{
	TEEC_Session own;
	int i;

	for (i = 0; i < rounds; i++) {
		meet();
		check(!TEEC_OpenSession(&context, self ? &own : &session,
					&destination, 0, NULL, NULL, NULL),
		      "no session");
		meet();
		check(is_of_a_closed_session(
			      TEEC_InvokeCommand(&session, ADDING, NULL, NULL)),
		      "a closed session fails in another way");
		if (self < 3)
			TEEC_CloseSession(&session);
		if (self)
			TEEC_CloseSession(&own);
	}
}

static void begin_sessions(void)
{
	begin_context();
	TEEC_CloseSession(&session);
}

/* Memory of a thread's own, and a block that all threads release. */
static void blocks(int self)
{
	TEEC_SharedMemory own, copy;
	uint8_t buffer[PART];
	int i;

	for (i = 0; i < rounds; i++) {
		own = (TEEC_SharedMemory){ .buffer = buffer, .size = PART,
					   .flags = TEEC_MEM_INPUT };
		meet();
		check(!TEEC_RegisterSharedMemory(&context, &own), "no memory");
		if (!self) {
			parts.size = PART;
			check(!TEEC_AllocateSharedMemory(&context, &parts),
			      "no memory");
		}
		meet();
		copy = parts;
		meet();
		TEEC_ReleaseSharedMemory(self % 2 ? &copy : &parts);
		TEEC_ReleaseSharedMemory(&own);
	}
}

static void begin_blocks(void)
{
	begin_context();
	parts.flags = TEEC_MEM_INPUT;
}

/* A context ends while threads use it, and begin to use it. */
static void ends(int self)
{
	TEEC_SharedMemory own = { .size = PART, .flags = TEEC_MEM_INPUT };
	TEEC_Session other;
	TEEC_Result result;
	int i;

	for (i = 0; i < rounds; i++) {
		meet();
		if (!self)
			begin_context();
		meet();
		result = TEEC_OpenSession(&context, &other, &destination, 0,
					  NULL, NULL, NULL);
		check(is_of_a_closed_session(result), "an opening fails");
		if (self < 2)
			TEEC_FinalizeContext(&context);
		if (!TEEC_AllocateSharedMemory(&context, &own))
			TEEC_ReleaseSharedMemory(&own);
		check(is_of_a_closed_session(
			      TEEC_InvokeCommand(&session, ADDING, NULL, NULL)),
		      "a command fails in another way");
		tee_context_trim(&context);
		if (result == TEEC_SUCCESS)
			TEEC_CloseSession(&other);
	}
}

static void begin_ends(void)
{
}

static void in_child(void)
{
	TEEC_Session other;

	failures = 0;
	send_command(0, PART);
	check(!TEEC_OpenSession(&context, &other, &destination, 0, NULL, NULL,
				NULL),
	      "no session in a child");
	TEEC_CloseSession(&other);
	end_context();
	check(!open_devices, "a child has the device open");
	fflush(stdout);
	_exit(failures);
}

/* A thread forks while others are in calls. */
static void forks(int self)
{
	int i, status;
	pid_t child;

	for (i = 0; self && i < rounds; i++)
		send_command(self, i % 2 ? 64 : LARGE);
	for (i = 0; !self && i < rounds / 10; i++) {
		child = fork();
		if (!child)
			in_child();
		check(child > 0 && waitpid(child, &status, 0) == child &&
			      !status,
		      "a child fails");
	}
}

static const struct scenario {
	void (*begin)(void);
	void (*run)(int self);
} scenarios[] = {
	{ begin_context_with_memory, commands },
	{ begin_context, cancellations },
	{ begin_sessions, sessions },
	{ begin_blocks, blocks },
	{ begin_ends, ends },
	{ begin_context_with_memory, forks },
};

static const struct scenario *current;

static void *run_thread(void *self)
{
	sigset_t blocked;

	sigfillset(&blocked);
	meet();
	/* As threads of Python's extension do. */
	sigdelset(&blocked, tee_nudge_signal());
	pthread_sigmask(SIG_SETMASK, &blocked, NULL);
	current->run((int)(intptr_t)self);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	size_t i;
	int self;

	rounds = argc > 1 ? atoi(argv[1]) : 100;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		current = &scenarios[i];
		current->begin();
		for (self = 0; self < THREADS; self++)
			pthread_create(&threads[self], NULL, run_thread,
				       (void *)(intptr_t)self);
		for (self = 0; self < THREADS; self++)
			pthread_join(threads[self], NULL);
		end_context();
		check(!open_devices, "a device is open after the end");
		check(!open_memory, "memory is shared after the end");
	}
	return failures;
}

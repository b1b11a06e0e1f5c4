// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reads a plan, a line for each case: KIND SIZE CALLS BATCHES NAME; and prints
 * NAME, a tabulator and the nanoseconds of each batch. For whichever
 * libteec.so.2 the loader finds.
 *
 * With a shell command as its argument it keeps the application loaded while
 * that runs: each time it is loaded it lies elsewhere, and calls cost a little
 * more or less.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <tee_client_api.h>

#include "nothing_ta.h"

/* Where malloc() puts a large buffer of a user's: never at a page's beginning. */
#define OFFSET_IN_PAGE	16
#define PAGE		4096

#define EMPTY_BATCHES	5

struct bench {
	TEEC_Context context;
	TEEC_Session session;
	TEEC_SharedMemory block;
	void *buffer;
	size_t size;
	TEEC_Session *sessions;
	TEEC_SharedMemory *blocks;
	size_t live;
};

struct kind {
	const char *name;
	bool has_context;
	bool has_session;
	void (*set_up)(struct bench *bench);
	void (*call)(struct bench *bench);
	void (*tear_down)(struct bench *bench);
};

static const TEEC_UUID nothing = NOTHING_UUID;

static void check(TEEC_Result result, const char *what)
{
	if (result != TEEC_SUCCESS) {
		fprintf(stderr, "%s: %#" PRIx32 "\n", what, result);
		exit(1);
	}
}

static void open_session(struct bench *bench, TEEC_Session *session)
{
	uint32_t origin;

	check(TEEC_OpenSession(&bench->context, session, &nothing,
			       TEEC_LOGIN_PUBLIC, NULL, NULL, &origin),
	      "open");
}

static void invoke(struct bench *bench, TEEC_Operation *operation)
{
	uint32_t origin;

	check(TEEC_InvokeCommand(&bench->session, 0, operation, &origin),
	      "invoke");
}

static void null_call(struct bench *bench)
{
	invoke(bench, NULL);
}

static void value_call(struct bench *bench)
{
	TEEC_Operation operation = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE,
					       TEEC_NONE, TEEC_NONE),
	};

	operation.params[0].value.a = 41;
	invoke(bench, &operation);
}

static void set_up_temporary(struct bench *bench)
{
	bench->buffer = aligned_alloc(PAGE, bench->size + PAGE);
	if (!bench->buffer)
		abort();
	memset(bench->buffer, 0, bench->size + PAGE);
}

static void temporary_call(struct bench *bench)
{
	TEEC_Operation operation = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT,
					       TEEC_NONE, TEEC_NONE,
					       TEEC_NONE),
	};

	operation.params[0].tmpref.buffer =
		(char *)bench->buffer + OFFSET_IN_PAGE;
	operation.params[0].tmpref.size = bench->size;
	invoke(bench, &operation);
}

static void tear_down_temporary(struct bench *bench)
{
	free(bench->buffer);
}

static void set_up_block(struct bench *bench)
{
	bench->block = (TEEC_SharedMemory){
		.size = bench->size,
		.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT,
	};
	check(TEEC_AllocateSharedMemory(&bench->context, &bench->block),
	      "allocate");
}

static void block_call(struct bench *bench)
{
	TEEC_Operation operation = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE,
					       TEEC_NONE, TEEC_NONE),
	};

	operation.params[0].memref.parent = &bench->block;
	invoke(bench, &operation);
}

static void tear_down_block(struct bench *bench)
{
	TEEC_ReleaseSharedMemory(&bench->block);
}

static void session_call(struct bench *bench)
{
	TEEC_Session session;

	open_session(bench, &session);
	TEEC_CloseSession(&session);
}

static void context_call(struct bench *bench)
{
	check(TEEC_InitializeContext(NULL, &bench->context), "initialize");
	TEEC_FinalizeContext(&bench->context);
}

static void set_up_sessions(struct bench *bench)
{
	bench->live = bench->size - 1;
	bench->sessions = calloc(bench->live, sizeof(*bench->sessions));
	for (size_t i = 0; i < bench->live; i++)
		open_session(bench, &bench->sessions[i]);
}

static void tear_down_sessions(struct bench *bench)
{
	for (size_t i = 0; i < bench->live; i++)
		TEEC_CloseSession(&bench->sessions[i]);
	free(bench->sessions);
}

static void set_up_blocks(struct bench *bench)
{
	bench->live = bench->size;
	bench->blocks = calloc(bench->live, sizeof(*bench->blocks));
	for (size_t i = 0; i < bench->live; i++) {
		bench->blocks[i].size = 64;
		bench->blocks[i].flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
		check(TEEC_AllocateSharedMemory(&bench->context,
						&bench->blocks[i]),
		      "allocate");
	}
}

static void tear_down_blocks(struct bench *bench)
{
	for (size_t i = 0; i < bench->live; i++)
		TEEC_ReleaseSharedMemory(&bench->blocks[i]);
	free(bench->blocks);
}

static const struct kind kinds[] = {
	{ "null", true, true, NULL, null_call, NULL },
	{ "value", true, true, NULL, value_call, NULL },
	{ "temporary", true, true, set_up_temporary, temporary_call,
	  tear_down_temporary },
	/* A structure of C is memory as it is. */
	{ "structure", true, true, set_up_temporary, temporary_call,
	  tear_down_temporary },
	{ "block", true, true, set_up_block, block_call, tear_down_block },
	{ "session", true, false, NULL, session_call, NULL },
	{ "loaded-session", true, true, NULL, session_call, NULL },
	{ "context", false, false, NULL, context_call, NULL },
	/* C has no time-outs: these are what they are held against. */
	{ "timed-value", true, true, NULL, value_call, NULL },
	{ "deadline-value", true, true, NULL, value_call, NULL },
	{ "value-sessions", true, true, set_up_sessions, value_call,
	  tear_down_sessions },
	{ "value-blocks", true, true, set_up_blocks, value_call,
	  tear_down_blocks },
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);

	return time.tv_sec * UINT64_C(1000000000) + time.tv_nsec;
}

static uint64_t batch_of(const struct kind *kind, struct bench *bench,
			 unsigned int calls)
{
	uint64_t start = now();

	for (unsigned int call = 0; call < calls; call++)
		kind->call(bench);

	return now() - start;
}

static void measure(const struct kind *kind, struct bench *bench,
		    unsigned int calls, unsigned int batches)
{
	uint64_t empty = UINT64_MAX;

	if (kind->has_context)
		check(TEEC_InitializeContext(NULL, &bench->context),
		      "initialize");
	if (kind->has_session)
		open_session(bench, &bench->session);
	if (kind->set_up)
		kind->set_up(bench);

	/* Warms up, and learns what asking for the time costs. */
	batch_of(kind, bench, calls);
	for (unsigned int batch = 0; batch < EMPTY_BATCHES; batch++) {
		uint64_t taken = batch_of(kind, bench, 0);

		if (taken < empty)
			empty = taken;
	}
	for (unsigned int batch = 0; batch < batches; batch++)
		printf("%c%" PRIu64, batch == 0 ? '\t' : ' ',
		       batch_of(kind, bench, calls) - empty);

	if (kind->tear_down)
		kind->tear_down(bench);
	if (kind->has_session)
		TEEC_CloseSession(&bench->session);
	if (kind->has_context)
		TEEC_FinalizeContext(&bench->context);
}

static const struct kind *find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	fprintf(stderr, "no such kind: %s\n", name);
	exit(2);
}

static int keep_loaded(const char *command)
{
	struct bench bench = { 0 };
	int status;

	check(TEEC_InitializeContext(NULL, &bench.context), "initialize");
	open_session(&bench, &bench.session);
	status = system(command);
	TEEC_CloseSession(&bench.session);
	TEEC_FinalizeContext(&bench.context);

	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	unsigned int calls, batches;
	char kind[32], name[128];
	size_t size;

	if (argc > 1)
		return keep_loaded(argv[1]);

	while (scanf("%31s %zu %u %u %127[^\n]", kind, &size, &calls,
		     &batches, name) == 5) {
		struct bench bench = { .size = size };

		printf("%s", name);
		fflush(stdout);
		measure(find(kind), &bench, calls, batches);
		printf("\n");
		fflush(stdout);
	}

	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Forks while another thread holds a lock of the C library, once for each lock.
 * Linked with csrc and --wrap=pthread_mutex_lock. Prints what went wrong; the
 * status is 0 if nothing did.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);

static __thread bool is_holder;
static bool is_child, is_awaited;
static pthread_mutex_t *held;
static sem_t is_held, wanted;

/* The holder keeps its lock until a fork waits for it, or did not wait. */
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	int ret;

	if (is_child) {
		if (pthread_mutex_trylock(mutex)) {
			puts("the child waits for a lock of its parent's");
			fflush(stdout);
			_exit(1);
		}
		return 0;
	}
	if (!is_holder && mutex == held) {
		is_awaited = true;
		sem_post(&wanted);
	}
	ret = __real_pthread_mutex_lock(mutex);
	if (is_holder && !held) {
		held = mutex;
		sem_post(&is_held);
		sem_wait(&wanted);
	}
	return ret;
}

static void use_contexts(void)
{
	TEEC_Context context;

	memset(&context, 0, sizeof(context));
	TEEC_FinalizeContext(&context);
}

static void use_pools(void)
{
	struct tee_context context;

	memset(&context, 0, sizeof(context));
	tee_bounce_pool_empty(&context);
}

static void use_operations(void)
{
	TEEC_Operation operation;

	memset(&operation, 0, sizeof(operation));
	TEEC_RequestCancellation(&operation);
}

static void (*const uses[])(void) = { use_contexts, use_pools, use_operations };

#define USES (sizeof(uses) / sizeof(*uses))

static void use_all(void)
{
	size_t i;

	for (i = 0; i < USES; i++)
		uses[i]();
}

static void *hold(void *use)
{
	is_holder = true;
	(*(void (*const *)(void))use)();
	return NULL;
}

static int work_in_child(unsigned int parent)
{
	const char *fault = NULL;

	is_child = true;
	use_all();
	if (!is_awaited)
		fault = "the fork did not wait for the lock";
	else if (tee_process != parent + 1)
		fault = "the child is taken for its parent";
	if (!fault)
		return 0;
	puts(fault);
	fflush(stdout);
	return 1;
}

static int fork_with_lock_held(size_t use)
{
	unsigned int parent = tee_process;
	pthread_t holder;
	int status = 1;
	pid_t child;

	held = NULL;
	is_awaited = false;
	sem_init(&is_held, 0, 0);
	sem_init(&wanted, 0, 0);
	if (pthread_create(&holder, NULL, hold, (void *)&uses[use]))
		return 1;
	sem_wait(&is_held);
	child = fork();
	if (!child)
		_exit(work_in_child(parent));
	/* For the case that the fork did not wait for the lock. */
	sem_post(&wanted);
	pthread_join(holder, NULL);
	use_all();
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return 1;
	if (tee_process != parent) {
		puts("the parent is taken for its child");
		return 1;
	}
	return status;
}

int main(void)
{
	int failures = 0;
	size_t i;

	for (i = 0; i < USES; i++)
		failures += fork_with_lock_held(i) != 0;
	return failures != 0;
}

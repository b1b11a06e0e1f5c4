// SPDX-License-Identifier: BSD-2-Clause
/*
 * Forks: which process this is, and the locks that a child gets from it. A fork
 * takes all of them in one order, so a child never waits for a lock that a
 * thread of its parent had. No other code holds two of them at once.
 */
#include <pthread.h>

#include "internal.h"

unsigned int tee_process;

static void before_fork(void)
{
	tee_context_before_fork();
	tee_bounce_pool_before_fork();
	tee_flight_before_fork();
	tee_nudge_before_fork();
}

static void after_fork(bool is_child)
{
	tee_nudge_after_fork();
	tee_flight_after_fork(is_child);
	tee_bounce_pool_after_fork();
	tee_context_after_fork(is_child);
}

static void after_fork_in_parent(void)
{
	after_fork(false);
}

static void after_fork_in_child(void)
{
	tee_process++;
	after_fork(true);
}

/* When the library is loaded: its locks can be in use before any context is. */
__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

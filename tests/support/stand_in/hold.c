// SPDX-License-Identifier: BSD-2-Clause
/*
 * A wait as in a driver: a signal neither ends it nor reaches its handler, but is
 * pending until its end. Nothing of a program's own can wait like this but a
 * parent after a vfork(). So a child waits in the thread's place, which the
 * program does not get to see.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define STACK_SIZE 16384

static void futex(uint32_t *word, int operation, uint32_t value)
{
	syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* Whether Linux would end a wait of the thread that a signal can end. */
static bool has_signal(void)
{
	sigset_t pending;
	int number;

	sigpending(&pending);
	for (number = 1; number <= SIGRTMAX; number++)
		if (sigismember(&pending, number) == 1 &&
		    sigismember(program_mask(), number) == 0)
			return true;
	return false;
}

/* All signals are blocked, so that none is handled. */
static void hold_interruptibly(struct stand_in_rule *rule)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	uint32_t ticket;

	ticket = __atomic_add_fetch(&rule->held, 1, __ATOMIC_SEQ_CST);
	futex(&rule->held, FUTEX_WAKE, INT_MAX);
	while (__atomic_load_n(&rule->let_go, __ATOMIC_SEQ_CST) < ticket) {
		if (rule->cancelled && has_signal())
			__atomic_add_fetch(&rule->let_go, 1, __ATOMIC_SEQ_CST);
		else
			nanosleep(&moment, NULL);
	}
}

struct wait {
	struct stand_in_rule *rule;
	pid_t parent;
};

static int wait_in_child(void *argument)
{
	const struct wait *wait = argument;
	struct stand_in_rule *rule = wait->rule;
	uint32_t ticket, let_go;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before, and this holds its pipes. */
	if (getppid() != wait->parent)
		return 0;
	/* Not before signals stay pending. */
	ticket = __atomic_add_fetch(&rule->held, 1, __ATOMIC_SEQ_CST);
	futex(&rule->held, FUTEX_WAKE, INT_MAX);
	while ((let_go = __atomic_load_n(&rule->let_go, __ATOMIC_SEQ_CST)) <
	       ticket)
		futex(&rule->let_go, FUTEX_WAIT, let_go);
	return 0;
}

void hold(struct stand_in_rule *rule)
{
	char stack[STACK_SIZE] __attribute__((aligned(16)));
	struct wait wait = { .rule = rule, .parent = getpid() };
	sigset_t all;
	pid_t child;

	if (rule->hold == STAND_IN_HOLD_INTERRUPTIBLE) {
		hold_interruptibly(rule);
		return;
	}
	pthread_sigmask(SIG_SETMASK, program_mask(), &all);
	child = clone(wait_in_child, stack + sizeof(stack),
		      CLONE_VM | CLONE_FILES | CLONE_VFORK, &wait);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	if (child < 0)
		abort();
	while (waitpid(child, NULL, __WCLONE) < 0 && errno == EINTR)
		;
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * A nudge: a signal without effect but that it ends a sleep in the kernel. A
 * Trusted Application that waits sleeps there, and sees that it was cancelled
 * only after its sleep.
 *
 * The signal is a real-time one that the program has not set, looked for when
 * the first nudge is sent. A program that sets it later keeps it, and the next
 * nudge is another signal.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

#ifndef SYS_rt_sigtimedwait
#define SYS_rt_sigtimedwait SYS_rt_sigtimedwait_time64
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* 0 before the first nudge. */
static int chosen;
static bool is_off;

void tee_nudge_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void tee_nudge_after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

/*
 * Once, when the library is loaded: a program may change its environment while
 * its threads run.
 */
__attribute__((constructor)) static void read_switch(void)
{
	const char *text = secure_getenv("TEEC_NUDGE");

	is_off = text && !strcmp(text, "0");
}

static void on_nudge(int number)
{
	(void)number;
}

static bool is_ours(int number)
{
	struct sigaction action;

	return number && !sigaction(number, NULL, &action) &&
	       !(action.sa_flags & SA_SIGINFO) && action.sa_handler == on_nudge;
}

static bool is_default(const struct sigaction *action)
{
	return !(action->sa_flags & SA_SIGINFO) &&
	       action->sa_handler == SIG_DFL;
}

/* False, and the signal is as before, if it is somebody's or can't be set. */
static bool take(int number)
{
	struct sigaction action, before;

	if (sigaction(number, NULL, &before) || !is_default(&before))
		return false;
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_nudge;
	/* On whatever stack the thread has for handlers, as its own may be small. */
	action.sa_flags = SA_RESTART | SA_ONSTACK;
	if (sigaction(number, &action, &before))
		return false;
	if (is_default(&before))
		return true;
	/* Another thread set it just now. */
	sigaction(number, &before, NULL);
	return false;
}

/*
 * A program can wait for a signal that it has not set, and blocks it then. So
 * those that this thread blocks come last.
 */
static void choose_locked(void)
{
	sigset_t blocked;
	int number, pass;

	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	for (pass = 0; pass < 2; pass++)
		for (number = SIGRTMAX; number >= SIGRTMIN; number--)
			if (sigismember(&blocked, number) == pass &&
			    take(number)) {
				chosen = number;
				return;
			}
	chosen = 0;
}

/* The signal to use now; 0 if there is none. */
static int signal_locked(void)
{
	if (is_off)
		return 0;
	if (!is_ours(chosen))
		choose_locked();
	return chosen;
}

void tee_nudge(pthread_t thread, int *sent)
{
	int number;

	pthread_mutex_lock(&lock);
	number = *sent ? 0 : signal_locked();
	if (number && !pthread_kill(thread, number))
		*sent = number;
	pthread_mutex_unlock(&lock);
}

int tee_nudge_signal(void)
{
	int number;

	pthread_mutex_lock(&lock);
	number = signal_locked();
	pthread_mutex_unlock(&lock);
	return number;
}

/*
 * Signals for the thread come before those for the process, which may be the
 * program's. So this takes the thread's own nudge, if the thread blocks the
 * signal; and otherwise a nudge that has not reached its handler yet.
 */
void tee_nudge_end(int sent)
{
	const int64_t no_time[2] = { 0, 0 };
	sigset_t set;

	if (!sent)
		return;
	sigemptyset(&set);
	sigaddset(&set, sent);
	/* Not sigtimedwait(), in which a thread can be cancelled. */
	syscall(SYS_rt_sigtimedwait, &set, NULL, no_time, _NSIG / 8);
}

/*
 * The library is unloaded, or the process ends: its other threads may still have
 * nudges to come, which must meet neither a handler that is gone nor the
 * default, the end of the process. To ignore a signal takes back all of them.
 */
__attribute__((destructor)) static void give_back(void)
{
	struct sigaction action;

	pthread_mutex_lock(&lock);
	is_off = true;
	if (is_ours(chosen)) {
		memset(&action, 0, sizeof(action));
		action.sa_handler = SIG_IGN;
		sigaction(chosen, &action, NULL);
		action.sa_handler = SIG_DFL;
		sigaction(chosen, &action, NULL);
	}
	pthread_mutex_unlock(&lock);
}

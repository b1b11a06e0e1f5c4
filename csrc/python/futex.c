// SPDX-License-Identifier: BSD-2-Clause
/*
 * Waits for a number that another thread changes. A lock of the C library can't
 * do that: its wait does not end with a signal, and Python's handlers would wait.
 */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

#define FUTEX_WAKE_PRIVATE 129
/* Its time-out is a moment of CLOCK_MONOTONIC. */
#define FUTEX_WAIT_BITSET_PRIVATE 137
#define FUTEX_BITSET_MATCH_ANY 0xffffffff

#define SECOND 1000000000LL
#define TENTH (SECOND / 10)
#define NEVER INT64_MAX

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

/* The moment that is so many nanoseconds after another. */
static int64_t after(int64_t moment, int64_t span)
{
	return span > NEVER - moment ? NEVER : moment + span;
}

/*
 * Waits while the word is what was seen. Returns ETIMEDOUT after the deadline,
 * EINTR after a signal, and else 0, perhaps too early.
 */
static int futex_wait(uint32_t *word, uint32_t seen, int64_t deadline)
{
	struct kernel_time limit = { .seconds = deadline / SECOND,
				     .nanoseconds = deadline % SECOND };
	long ret = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, seen,
			   deadline == NEVER ? NULL : &limit, NULL,
			   FUTEX_BITSET_MATCH_ANY);

	return ret && (errno == ETIMEDOUT || errno == EINTR) ? errno : 0;
}

static void futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

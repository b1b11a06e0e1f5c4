// SPDX-License-Identifier: BSD-2-Clause
/* Sleeps that a signal ends: Python's own go on after it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>

/*
 * True if a signal ended it. blocked are the signals that the thread blocks
 * meanwhile, as bits, in place of those that it blocks now: so none is missed
 * that comes just before.
 */
static bool sleep_until_signal(uint64_t nanoseconds, uint64_t blocked)
{
	struct timespec time = {
		.tv_sec = (time_t)(nanoseconds / 1000000000),
		.tv_nsec = (long)(nanoseconds % 1000000000),
	};
	sigset_t set;
	int number;

	sigemptyset(&set);
	for (number = 1; number <= 64; number++)
		if (blocked >> (number - 1) & 1)
			sigaddset(&set, number);
	return ppoll(NULL, 0, &time, &set) < 0 && errno == EINTR;
}

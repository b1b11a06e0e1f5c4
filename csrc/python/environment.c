// SPDX-License-Identifier: BSD-2-Clause
/* Whether the environment of this process can be trusted. */
#include <sys/auxv.h>

/*
 * True if the process has more rights than who started it: its file has set-user-ID,
 * set-group-ID or capabilities. Who started it chose its environment.
 */
static bool is_privileged(void)
{
	return getauxval(AT_SECURE) != 0;
}

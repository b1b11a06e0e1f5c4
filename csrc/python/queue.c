// SPDX-License-Identifier: BSD-2-Clause
/* Lists of calls, and the calls of a context that workers make or are to make. */

struct call;

struct call_list {
	struct call *first;
	struct call *last;
};

/* At most limit calls run at once; the others wait. */
struct queue {
	struct call_list waiting;
	unsigned int running;
	unsigned int limit;
	bool is_python;
	unsigned int process;
};

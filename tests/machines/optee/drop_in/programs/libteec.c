// SPDX-License-Identifier: BSD-2-Clause
/* What the macros of teec_trace.h print in a program that has them compiled in. */
#define BINARY_PREFIX "MACROS"
#include <teec_trace.h>

int main(void)
{
	static const uint8_t bytes[] = "bytes";

	EMSG("an %s", "error");
	EMSG_RAW("a raw error\n");
	IMSG("some information");
	dump_buffer("a buffer", bytes, sizeof(bytes));
	return 0;
}

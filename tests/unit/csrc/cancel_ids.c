// SPDX-License-Identifier: BSD-2-Clause
/*
 * The numbers of operations when all have been used once: a program that began
 * four thousand million operations would take days. Prints what is wrong.
 */
#include <stdio.h>

#include "cancellation.c"

static struct tee_flight old, first, second;
static TEEC_Operation operations[3];

int main(void)
{
	tee_flight_begin(&old, &operations[0], NULL, 1);
	if (old.cancel_id != 1)
		puts("the first number is not 1");
	last_cancel_id = UINT32_MAX - 1;
	tee_flight_begin(&first, &operations[1], NULL, 1);
	tee_flight_begin(&second, &operations[2], NULL, 1);
	if (first.cancel_id != UINT32_MAX)
		puts("the last number is not used");
	if (!second.cancel_id)
		puts("a number is 0");
	if (second.cancel_id == old.cancel_id)
		puts("a number is that of an operation that has not ended");
	tee_flight_end(&old);
	tee_flight_end(&first);
	tee_flight_end(&second);
	last_cancel_id = UINT32_MAX;
	operations[0].started = TEE_OPERATION_IDLE;
	tee_flight_begin(&old, &operations[0], NULL, 1);
	if (old.cancel_id != 1)
		puts("a number that is free again is not used");
	return 0;
}

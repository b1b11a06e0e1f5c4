// SPDX-License-Identifier: BSD-2-Clause
/*
 * The numbers of operations when all have been used once, which would take a
 * program days; and the list of operations, whatever order they end in. Prints
 * what is wrong.
 */
#include <stdio.h>

#include "cancellation.c"

#define COUNT 3

static struct tee_flight old, first, second;
static TEEC_Operation operations[COUNT];

static unsigned int count_listed(void)
{
	const struct tee_flight *flight;
	unsigned int count = 0;

	for (flight = flights; flight; flight = flight->next) {
		if (flight->next && flight->next->previous != flight)
			puts("an operation is not behind that before it");
		count++;
	}
	if (flights && flights->previous)
		puts("an operation is before the first");
	return count;
}

/* Ends three operations in an order, and looks for those that have not ended. */
static void end_in_order(const unsigned int *order)
{
	struct tee_flight flight[COUNT];
	unsigned int i, j;

	for (i = 0; i < COUNT; i++) {
		operations[i].started = TEE_OPERATION_IDLE;
		tee_flight_begin(&flight[i], &operations[i], NULL, 1);
	}
	for (i = 0; i < COUNT; i++) {
		tee_flight_end(&flight[order[i]]);
		if (count_listed() != COUNT - 1 - i)
			puts("the list has not those that have not ended");
		for (j = 0; j < COUNT; j++)
			if (!find_locked(&operations[order[j]]) != (j <= i))
				puts("an operation is found that has ended, or"
				     " one is not that has not");
	}
}

static void end_in_every_order(void)
{
	unsigned int i;

	for (i = 0; i < COUNT * COUNT; i++) {
		const unsigned int order[COUNT] = { i % COUNT, i / COUNT,
						    COUNT - i % COUNT - i / COUNT };

		if (order[0] != order[1] && order[2] < COUNT)
			end_in_order(order);
	}
}

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
	tee_flight_end(&old);
	end_in_every_order();
	return 0;
}

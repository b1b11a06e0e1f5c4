/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An application that does nothing useful: each command makes one property of
 * the way between client and application visible. Slots count from 0 to 3,
 * sums are modulo 2^32. A command given slots it does not describe returns
 * TEE_ERROR_BAD_PARAMETERS where it says "only", else leaves them alone.
 *
 * Opening a session: slot 0 may be a VALUE_INPUT. b == CONFORMANCE_OPEN_PANIC
 * panics with code a; b == CONFORMANCE_OPEN_WAIT heeds cancellation and returns
 * what TEE_Wait() does of a milliseconds; b == CONFORMANCE_OPEN_WAIT_MASKED is
 * the same without heeding it; b == CONFORMANCE_OPEN_COMPUTE does what
 * CONFORMANCE_COMPUTE does, not cancellable; otherwise a is what opening returns.
 * Unless it panics, every VALUE_OUTPUT in slot i becomes
 * (CONFORMANCE_OPEN_MARK, i) and every MEMREF_OUTPUT is filled as
 * CONFORMANCE_MEMREF_FILL does.
 */
#ifndef CONFORMANCE_TA_H
#define CONFORMANCE_TA_H

#define CONFORMANCE_UUID \
	{ 0x7ca72964, 0xd95a, 0x432d, \
		{ 0x92, 0xd3, 0x65, 0xb5, 0xba, 0xd2, 0xbe, 0x67 } }

#define CONFORMANCE_OPEN_PANIC		1
#define CONFORMANCE_OPEN_WAIT		2
#define CONFORMANCE_OPEN_WAIT_MASKED	3
#define CONFORMANCE_OPEN_COMPUTE	4
#define CONFORMANCE_OPEN_MARK		0x4F50454E

/* Succeeds whatever the parameters are, and touches none. */
#define CONFORMANCE_NOTHING		0

/*
 * Only values. A and B are the sums of a and b over all VALUE_INPUT and
 * VALUE_INOUT slots. A VALUE_OUTPUT in slot i becomes (A + i, B + i), a
 * VALUE_INOUT becomes (~a, ~b).
 */
#define CONFORMANCE_VALUES		1

/* Every byte of a MEMREF_INOUT in slot i: exclusive or with 0xA5 + i. */
#define CONFORMANCE_MEMREF_XOR		2

/* Byte j of a MEMREF_OUTPUT or MEMREF_INOUT in slot i becomes 16 * i + j. */
#define CONFORMANCE_MEMREF_FILL		3

/*
 * Over the bytes of all MEMREF_INPUT and MEMREF_INOUT slots one after the
 * other, position p counting on from slot to slot: the sum of (p + 1) * byte.
 * Every VALUE_OUTPUT becomes (sum, number of bytes).
 */
#define CONFORMANCE_MEMREF_CHECKSUM	4

/*
 * Only with VALUE_INPUT (code, size) in slot 0. Every MEMREF_OUTPUT and
 * MEMREF_INOUT gets that size, its bytes untouched; a VALUE_OUTPUT becomes
 * (0x11111111, 0x22222222), a VALUE_INOUT (~a, ~b). Returns the code.
 */
#define CONFORMANCE_SET_SIZE		5

/*
 * Only with VALUE_INPUT (milliseconds, 1 if cancellable) in slot 0. Returns
 * what TEE_Wait() does; a VALUE_OUTPUT in slot 1 becomes (cancellation flag
 * after it, 0).
 */
#define CONFORMANCE_WAIT		6

/* Panics, with a of a VALUE_INPUT in slot 0 as code, else with 0. */
#define CONFORMANCE_PANIC		7

/*
 * Only with VALUE_OUTPUT in slot 0: a becomes the client's login; and
 * MEMREF_OUTPUT in slot 1: the client's TEE_UUID as it is in memory. Size 16
 * and TEE_ERROR_SHORT_BUFFER where that is too small or null.
 */
#define CONFORMANCE_IDENTITY		8

/*
 * Every VALUE_OUTPUT becomes (mask, paramTypes as received). Slot i has bits
 * 4 * i and up in the mask: is a memref; and of that: buffer is not NULL, size
 * is not 0.
 */
#define CONFORMANCE_MEMREF_LOOK		9

/*
 * Only with VALUE_INPUT (milliseconds, ignored) in slot 0. Waits, and then does
 * what CONFORMANCE_MEMREF_CHECKSUM and after it CONFORMANCE_MEMREF_XOR do.
 */
#define CONFORMANCE_WAIT_AND_XOR	10

/* Does what CONFORMANCE_MEMREF_FILL and then CONFORMANCE_SET_SIZE do. */
#define CONFORMANCE_FILL_AND_SET_SIZE	11

/*
 * Only with VALUE_INPUT (milliseconds, 1 if cancellable) in slot 0. Computes so
 * long, without a pause. Returns TEE_ERROR_CANCEL as soon as it sees that it is
 * cancelled, for which it looks all the time if cancellable, and at least once.
 * Before, it sets the first byte of a MEMREF_INOUT in slot 1 to 1.
 */
#define CONFORMANCE_COMPUTE		12

#endif

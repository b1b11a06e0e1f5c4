// SPDX-License-Identifier: BSD-2-Clause
/*
 * The trace functions of OP-TEE's libteec.so.2, declared in its teec_trace.h.
 * tee-supplicant, libckteec and programs that use that header import them, so
 * this library can stand in under them too. It never calls them itself.
 *
 * Only they print: to standard error, and only what TEEC_TRACE_LEVEL in the
 * environment asks for. The Python extension is built without them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The levels of teec_trace.h; 0 prints nothing. */
enum { NOTHING, ERROR, INFO, DEBUG, FLOW };

#define BYTES_IN_LINE 16

void _dprintf(const char *function, int line, int level, const char *prefix,
	      const char *format, ...) __attribute__((format(printf, 5, 6)));
void dump_buffer(const char *name, const uint8_t *buffer, size_t size);

static const char *const names[] = {
	[ERROR] = "error",
	[INFO] = "info",
	[DEBUG] = "debug",
	[FLOW] = "flow",
};

static int printed = NOTHING;

/*
 * Once, when the library is loaded: a program may change its environment while
 * its threads run. A program with more rights than its user prints nothing.
 */
__attribute__((constructor)) static void read_level(void)
{
	const char *text = secure_getenv("TEEC_TRACE_LEVEL");

	if (text && text[0] >= '0' + ERROR && text[0] <= '0' + FLOW && !text[1])
		printed = text[0] - '0';
}

/*
 * Prints the message as it is; after where it comes from if function is set.
 * The line may end in a later message. Leaves errno alone.
 */
void _dprintf(const char *function, int line, int level, const char *prefix,
	      const char *format, ...)
{
	int error = errno;
	va_list arguments;

	if (level < ERROR)
		level = ERROR;
	if (level > printed)
		return;
	flockfile(stderr);
	if (function)
		fprintf(stderr, "%s %s: %s:%d: ", prefix ? prefix : "TEEC",
			names[level], function, line);
	va_start(arguments, format);
	errno = error;
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	funlockfile(stderr);
	errno = error;
}

/* Whole, in one call: standard error has no buffer. */
static void dump_line(const uint8_t *bytes, size_t count, size_t offset)
{
	char text[BYTES_IN_LINE + 1] = "", digits[3 * BYTES_IN_LINE + 1];
	size_t i;

	for (i = 0; i < BYTES_IN_LINE; i++)
		if (i < count) {
			snprintf(digits + 3 * i, 4, " %02x", bytes[i]);
			text[i] = bytes[i] >= ' ' && bytes[i] <= '~' ?
					  (char)bytes[i] : '.';
		} else {
			strcpy(digits + 3 * i, "   ");
		}
	fprintf(stderr, "%08zx %s  |%s|\n", offset, digits, text);
}

/* Prints the bytes with their offsets, at level DEBUG. Leaves errno alone. */
void dump_buffer(const char *name, const uint8_t *buffer, size_t size)
{
	int error = errno;
	size_t offset, rest;

	if (printed < DEBUG)
		return;
	flockfile(stderr);
	fprintf(stderr, "%s: %zu bytes%s\n", name ? name : "buffer", size,
		buffer || !size ? "" : " at NULL");
	for (offset = 0; buffer && offset < size; offset += BYTES_IN_LINE) {
		rest = size - offset;
		dump_line(buffer + offset,
			  rest < BYTES_IN_LINE ? rest : BYTES_IN_LINE, offset);
	}
	funlockfile(stderr);
	errno = error;
}

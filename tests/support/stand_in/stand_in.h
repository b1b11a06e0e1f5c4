/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device that stands in for /dev/tee0 shares with the tests. It lies in a
 * file, so that the tests and all processes that use the device see the same.
 * cffi reads this header too: no preprocessor but for numbers.
 */
#ifndef STAND_IN_H
#define STAND_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAND_IN_OBJECTS 1024
#define STAND_IN_SESSIONS 1024
#define STAND_IN_CALLS 16384
#define STAND_IN_RULES 32
#define STAND_IN_PATCHES 8
#define STAND_IN_BYTES 192

/* What stands for the number of an ioctl in the other system calls. */
#define STAND_IN_ANY_IOCTL 0
#define STAND_IN_OPEN 1
#define STAND_IN_CLOSE 2
#define STAND_IN_MMAP 3
#define STAND_IN_FCNTL 4
/* Of anything else in /dev; bytes are the path. */
#define STAND_IN_OPEN_OTHER 5

#define STAND_IN_NOTHING 0
#define STAND_IN_DEVICE 1
#define STAND_IN_REGISTRATION 2
#define STAND_IN_BLOCK 3
#define STAND_IN_DESCRIPTOR 4

/*
 * A hold that ends when a test says so; one that a cancellation ends too; and
 * one that a signal ends, if a cancellation came before.
 */
#define STAND_IN_HOLD 1
#define STAND_IN_HOLD_CANCELLABLE 2
#define STAND_IN_HOLD_INTERRUPTIBLE 3

/* size bytes of the argument, from offset on, become value before they go back. */
struct stand_in_patch {
	uint32_t offset;
	uint32_t size;
	uint64_t value;
};

/*
 * What happens to the system calls of one kind after the first skip of them,
 * times of them. A call waits for delay microseconds, then until it is let go.
 * A call with an error fails after the argument was patched, and after the work
 * was done if served. result, unless 0, is what a call returns.
 */
struct stand_in_rule {
	uint64_t request;
	uint32_t skip;
	uint32_t times;
	uint32_t delay;
	uint32_t hold;
	int32_t error;
	bool served;
	int32_t result;
	uint32_t patched;
	struct stand_in_patch patches[STAND_IN_PATCHES];
	/* How many calls were held so far, and how many of them may go on. */
	uint32_t held;
	uint32_t let_go;
	bool cancelled;
	uint32_t held_session;
	uint32_t held_cancel_id;
};

/* What an open descriptor stands for. Memory and sessions belong to a device. */
struct stand_in_object {
	uint32_t kind;
	uint32_t device;
	int32_t process;
	uint64_t address;
	uint64_t size;
};

struct stand_in_session {
	bool is_open;
	uint32_t device;
};

/*
 * A system call as it arrived. bytes are the ioctl's argument, or the buffer
 * that it points to; for an open, its flags and the path.
 */
struct stand_in_call {
	uint64_t request;
	int32_t process;
	int32_t thread;
	int32_t object;
	int32_t result;
	uint32_t length;
	uint8_t bytes[STAND_IN_BYTES];
};

struct stand_in {
	/* Before a process starts to use the device: what it is to be like. */
	uint32_t devices;
	uint32_t implementation;
	uint32_t implementation_capabilities;
	uint32_t capabilities;

	struct stand_in_rule rules[STAND_IN_RULES];
	struct stand_in_call calls[STAND_IN_CALLS];
	/* All calls ever; those beyond the size of the array replace the first. */
	uint64_t called;

	struct stand_in_object objects[STAND_IN_OBJECTS];
	/* A session's id is its place, and 1. */
	struct stand_in_session sessions[STAND_IN_SESSIONS];
	uint32_t next_object;
	uint32_t next_session;
	/* How often memory of the heap was freed or resized that was registered. */
	uint32_t violations;
	uint8_t lock[64];
};

/* Maps the file, which it makes if need be; NULL with errno on failure. */
struct stand_in *stand_in_attach(const char *path);
/* What is open. Ended processes have nothing open. */
uint32_t stand_in_alive(uint32_t kind);
uint32_t stand_in_sessions(void);
bool stand_in_is_alive(uint32_t object);
/* True as soon as count calls are held or were; false after milliseconds. */
bool stand_in_wait(uint32_t rule, uint32_t count, uint32_t milliseconds);
/* Lets go so many of the calls that are held by the rule, or will be. */
void stand_in_let_go(uint32_t rule, uint32_t count);

#endif

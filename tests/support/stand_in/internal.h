/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the stand-in share. */
#ifndef STAND_IN_INTERNAL_H
#define STAND_IN_INTERNAL_H

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

#include "linux_tee.h"
#include "stand_in.h"

#pragma GCC visibility push(hidden)

/* Where the memory of the driver begins in the file, and of one block. */
#define BLOCK_SIZE ((uint64_t)64 << 20)
#define BLOCKS_START ((uint64_t)1 << 32)

/* state.c: NULL as long as no file was named. */
extern struct stand_in *state;
extern int state_file;

void lock_state(void);
void unlock_state(void);

/* The object that a descriptor stands for; -1 for any other descriptor. */
int object_of(int fd);
/* A descriptor for a new object, or -errno; flags are O_CLOEXEC or none. */
int new_object(int flags, const struct stand_in_object *content,
	       uint32_t *object);
/* False if the object was closed by all. The caller has locked the state. */
bool is_alive_locked(uint32_t object);

/* Notes a call; the caller sets its result later. */
struct stand_in_call *note(uint64_t request, int object, const void *bytes,
			   size_t length);
/* The rule for the next call of the kind, or NULL; counts it. */
struct stand_in_rule *take_rule(uint64_t request);
/* Waits as the rule says. True if a cancellation ended it. */
bool obey(struct stand_in_rule *rule, uint32_t session, uint32_t cancel_id);
void cancel(uint32_t session, uint32_t cancel_id);

/* hold.c: waits until the rule lets the call go; signals stay pending. */
void hold(struct stand_in_rule *rule);

/* interpose.c: the signals that this thread's program blocks. */
const sigset_t *program_mask(void);

/* device.c: the ioctl of an object; returns -errno or a result. */
int device_ioctl(uint32_t object, uint64_t request, void *argument);

/* memory.c: of this process and others, by address; -EFAULT if there is none. */
int read_memory(pid_t process, void *to, uint64_t address, size_t size);
int write_memory(pid_t process, uint64_t address, const void *from, size_t size);
/* The ioctls that make memory; each returns a descriptor or -errno. */
int allocate_block(uint32_t device, struct tee_ioctl_shm_alloc_data *data);
int register_memory(uint32_t device, struct tee_ioctl_shm_register_data *data);
int register_descriptor(uint32_t device,
			struct tee_ioctl_shm_register_fd_data *data);
/* Where a block is in the file. */
off_t block_place(int32_t id);
/* What an application does to size bytes at offset in memory of an id. */
int run_on_memory(uint32_t device, uint64_t attr, int32_t id, uint64_t offset,
		  uint64_t size);
/* Counts a violation if the memory of a live registration is among these. */
void check_unused(const void *address, size_t size);

#pragma GCC visibility pop

#endif

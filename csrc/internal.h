/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the library share with each other, and with nobody else. */
#ifndef INTERNAL_H
#define INTERNAL_H

#include <pthread.h>

#include "device.h"
#include "tee_client_api.h"
#include "tee_client_api_extensions.h"

#pragma GCC visibility push(hidden)

/*
 * result.c: the code for the errno of a system call that failed. OP-TEE's
 * library returns the same codes, which programs know.
 */
TEEC_Result tee_result_from_errno(int error);
/* The same for a device that could not be opened, of which it says more. */
TEEC_Result tee_result_from_open_errno(int error);

/*
 * block.c: memory that the TEE knows by an id. fd is -1 if there is none.
 * address and mapped are set if the block has pages of its own.
 */
struct tee_block {
	int32_t id;
	int fd;
	void *address;
	size_t mapped;
};

/*
 * held_memory.c: blocks that a context shares until their release, each with a
 * number of its own. The caller locks.
 */
struct tee_held_block {
	uintptr_t serial;
	struct tee_block block;
};

struct tee_held_memory {
	struct tee_held_block *blocks;
	size_t count;
	size_t room;
	uintptr_t last_serial;
};

/* Returns a negative errno. */
int tee_held_memory_add(struct tee_held_memory *held,
			const struct tee_block *block, uintptr_t *serial);
/* False if there is no block of this number. */
bool tee_held_memory_remove(struct tee_held_memory *held, uintptr_t serial,
			    struct tee_block *block);

/*
 * bounce_pool.c: the blocks of a context that no call uses, with their size and
 * number; and those that calls use.
 */
struct tee_bounce_pool {
	struct tee_bounce_block *idle;
	struct tee_bounce_block *busy;
	size_t size;
	unsigned int blocks;
};

/*
 * fork.c: how many forks lie between this process and the one that loaded the
 * library. What belongs to one process has its number. Each file that has a
 * lock takes it before a fork, and gives it back after the fork, in the child
 * without what belongs to its parent's threads.
 */
extern unsigned int tee_process;

void tee_context_before_fork(void);
void tee_context_after_fork(bool is_child);
void tee_bounce_pool_before_fork(void);
void tee_bounce_pool_after_fork(void);
void tee_flight_before_fork(void);
void tee_flight_after_fork(bool is_child);
void tee_nudge_before_fork(void);
void tee_nudge_after_fork(void);

/*
 * context.c: what a TEEC_Context stands for. It outlives TEEC_FinalizeContext()
 * while calls are in the TEE, as they need fd, and while memory is shared, as
 * its release needs ops.
 */
struct tee_context {
	const struct tee_device_ops *ops;
	void *device;
	int fd;
	uint32_t handle;
	unsigned int users;
	struct tee_held_memory held;
	bool finalized;
	bool reg_mem;
	bool memref_null;
	struct tee_bounce_pool bounce_pool;
};

/*
 * Handles, read where another thread may end what they stand for. No order is
 * needed: nothing else in a structure changes while it is live.
 */
static inline uintptr_t tee_handle_of(const TEEC_Context *context)
{
	return __atomic_load_n(&context->imp.handle, __ATOMIC_RELAXED);
}

static inline uintptr_t tee_handle_of_session(const TEEC_Session *session)
{
	return __atomic_load_n(&session->imp.context, __ATOMIC_RELAXED);
}

/* A live context, in use until tee_context_put(); NULL for any other handle. */
struct tee_context *tee_context_get(uintptr_t handle);
void tee_context_put(struct tee_context *context);

/*
 * The same for shared memory, which keeps its context as long as it is shared:
 * tee_context_get_held() finds the context even after it was finalised.
 */
struct tee_context *tee_context_get_held(uintptr_t handle);
int tee_context_hold(struct tee_context *context, const struct tee_block *block,
		     uintptr_t *serial);
bool tee_context_release(struct tee_context *context, uintptr_t serial,
			 struct tee_block *block);

/* Releases the blocks that the context keeps for later calls. */
void tee_context_trim(const TEEC_Context *context);

/*
 * In a child of a fork that will not use its parent's context, which may be
 * finalised: gives up the child's copies of its descriptors and mappings. The
 * driver ends what they stand for when the last copy is gone.
 */
void tee_context_leave(uintptr_t handle);

static inline int tee_context_ioctl(const struct tee_context *context,
				    unsigned long request, void *argument)
{
	return context->ops->ioctl(context->device, context->fd, request,
				   argument);
}

/*
 * block.c: each returns a negative errno. Allocated memory is zeroed. Private memory is
 * hidden from children of the process where the kernel can do that.
 */
int tee_block_allocate(struct tee_context *context, size_t size, bool private,
		       struct tee_block *block);
int tee_block_register(struct tee_context *context, void *address, size_t size,
		       struct tee_block *block);
/* The memory behind fd, which the caller keeps; sets size. */
int tee_block_register_descriptor(struct tee_context *context, int fd,
				  size_t *size, struct tee_block *block);
void tee_block_release(const struct tee_context *context,
		       struct tee_block *block);

/*
 * memory.c: TEEC_RegisterSharedMemory(). With in_place false the TEE gets
 * copies: for memory that can be written but must not be.
 */
TEEC_Result tee_memory_register(TEEC_Context *context,
				TEEC_SharedMemory *memory, bool in_place);

/*
 * TEEC_AllocateSharedMemory(), but EFAULT is kept, so that it is the same in
 * every request.
 */
TEEC_Result tee_memory_allocate(TEEC_Context *context,
				TEEC_SharedMemory *memory);

/* True if memory is shared, and by context. */
bool tee_memory_is_live(const struct tee_context *context,
			const TEEC_SharedMemory *memory);
/* True if the TEE can reach the memory itself, at its imp.id. */
bool tee_memory_is_in_place(const TEEC_SharedMemory *memory);

/* copy.c: memcpy() and memset(), for what may be large. */
void tee_copy(void *to, const void *from, size_t size);
void tee_wipe(void *memory, size_t size);

/*
 * bounce_pool.c: a block of a context's pool. process is the one that shared
 * it: a child does not use the blocks that it got from its parent.
 */
struct tee_bounce_block {
	struct tee_block block;
	unsigned int process;
	struct tee_bounce_block *next;
	struct tee_bounce_block *previous;
};

/* A zeroed block of at least size bytes, the caller's alone; or -errno. */
int tee_bounce_pool_take(struct tee_context *context, size_t size,
			 struct tee_bounce_block **block);
/* Wipes the first used bytes of the block, then keeps or releases it. */
void tee_bounce_pool_put(struct tee_context *context,
			 struct tee_bounce_block *block, size_t used);
/* Releases the blocks that no call uses; false if there were none. */
bool tee_bounce_pool_empty(struct tee_context *context);
/* In a child of a fork: releases what it has of all blocks. */
void tee_bounce_pool_leave(struct tee_context *context);

/*
 * payload.c: how the TEE reaches size bytes at buffer for one call: by a copy
 * in a block of the pool, or in place, as a block that the context holds with
 * the number in_place. Neither is set if the TEE needs no help.
 * attr is the kernel's type of the parameter as it was sent: what the kernel or
 * another thread writes there or in the operation does not matter any more.
 */
struct tee_bounce {
	uint64_t attr;
	bool is_registered;
	bool must_copy;
	struct tee_bounce_block *copy;
	bool is_in_place;
	uintptr_t in_place;
	void *buffer;
	size_t size;
};

/*
 * The parameters of an operation while they are with the kernel. slots counts
 * those up to the last one in use: the kernel gets no others.
 */
struct tee_payload {
	uint32_t slots;
	struct tee_bounce bounces[TEEC_CONFIG_PAYLOAD_REF_COUNT];
};

/*
 * Fills params, zeroed by the caller, from the operation, which may be NULL.
 * With in_place false the TEE gets copies of all temporary memory. On failure
 * there is nothing to release, and *error is the errno if there is one.
 */
TEEC_Result tee_payload_prepare(struct tee_context *context,
				const TEEC_Operation *operation, bool in_place,
				struct tee_ioctl_param *params,
				struct tee_payload *payload, int *error);
void tee_payload_update(TEEC_Operation *operation,
			const struct tee_ioctl_param *params,
			const struct tee_payload *payload);
void tee_payload_release(struct tee_context *context,
			 struct tee_payload *payload);

/*
 * session.c: who may write what a call brings back. A client that will not wait
 * for a call sets GIVEN_UP in the call's claim, if that is OPEN. From then on the
 * library reads the operation's memory no more when the parameters were sent, and
 * writes to it never.
 */
enum tee_claim {
	TEE_CLAIM_OPEN = 1,
	TEE_CLAIM_RETURNING,
	TEE_CLAIM_GIVEN_UP,
};

/*
 * session.c: TEEC_InvokeCommand() in a context that the caller has in use.
 * cancellable is the operation again, or NULL if nobody will cancel it. claim is
 * NULL if nobody will give the call up. *error, zeroed by the caller, is set to
 * the errno if there is one.
 */
TEEC_Result tee_session_invoke(struct tee_context *context,
			       const TEEC_Session *session, uint32_t command,
			       TEEC_Operation *operation,
			       TEEC_Operation *cancellable, uint32_t *claim,
			       uint32_t *origin, int *error);

/* The same for TEEC_OpenSession(). A call that was given up can open a session. */
TEEC_Result tee_session_open(struct tee_context *context, TEEC_Session *session,
			     const TEEC_UUID *destination, uint32_t login,
			     const void *data, TEEC_Operation *operation,
			     uint32_t *claim, uint32_t *origin, int *error);

/*
 * nudge.c: ends the sleep of a thread in the kernel, if it does not block the
 * signal. sent is the signal, 0 before: one is enough for a call, as the kernel
 * does not let a thread sleep that has a signal pending. The caller keeps the
 * thread from leaving its call until this is over. Only after the kernel took
 * TEE_IOC_CANCEL: before that, an application that waits would wait on, and
 * spend the processor's time.
 */
void tee_nudge(pthread_t thread, int *sent);
/*
 * In the thread, at the end of its call, when nobody sends it one any more: takes
 * it back if it has not arrived, so that it does not interrupt what the thread
 * does next.
 */
void tee_nudge_end(int sent);
/* The signal, or 0: what a thread that makes calls must not block. */
int tee_nudge_signal(void);

/*
 * cancellation.c: values of TEEC_Operation.started. A client zeroes it before
 * an operation that it may cancel. Any other value means an operation that can
 * be started, but not cancelled before its start.
 */
enum tee_operation_state {
	TEE_OPERATION_IDLE = 0,
	TEE_OPERATION_REQUESTED = 0x54454f01,
	TEE_OPERATION_SENT = 0x54454f02,
	TEE_OPERATION_DONE = 0x54454f03,
};

enum tee_operation_state tee_operation_state(const TEEC_Operation *operation);

/*
 * An operation that is with the kernel; on the stack of the thread that waits
 * for it.
 */
struct tee_flight {
	TEEC_Operation *operation;
	struct tee_context *context;
	uint32_t session_id;
	uint32_t cancel_id;
	unsigned int cancelling;
	unsigned int process;
	pthread_t thread;
	int nudge;
	struct tee_flight *next;
	struct tee_flight *previous;
};

/*
 * Marks the operation as sent. Fails with CANCEL if it was cancelled before,
 * and with BAD_STATE if it is with the kernel already.
 */
TEEC_Result tee_flight_begin(struct tee_flight *flight,
			     TEEC_Operation *operation,
			     struct tee_context *context, uint32_t session_id);
/* Marks it as done: from here on no cancellation reaches the kernel. */
void tee_flight_end(struct tee_flight *flight);

/*
 * TEEC_RequestCancellation(). nudges says whether the thread needs a nudge, which
 * it does not if another signal is pending for it.
 */
void tee_flight_cancel(TEEC_Operation *operation, bool nudges);

#pragma GCC visibility pop

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The GlobalPlatform TEE Client API 1.0 (GPD_SPE_007) with its errata, over
 * the Linux TEE subsystem. Sizes of the structures are those of libteec.so.2,
 * so that programs compiled against its header run with this library.
 *
 * A function that fails sets errno to the error of the system call that caused
 * it, or to 0 if none did. No function here prints, or sends a command twice.
 *
 * Where it differs from OP-TEE's libteec.so.2, it follows the specification, or
 * refuses what would go wrong:
 *
 * - A context's name may be the path of a device. A device that exists but can't
 *   be opened is ACCESS_DENIED, BUSY or NOT_SUPPORTED, not always
 *   ITEM_NOT_FOUND. No descriptor outlives exec.
 * - Structures hold handles. A structure that is no longer live, or never was,
 *   is refused with BAD_PARAMETERS, origin API. Ending it a second time does
 *   nothing. No descriptor, session or memory of somebody else is touched. A
 *   structure may be moved, and a context may end before its sessions and memory.
 * - NULL for destination, for a group login's data or for a reference's parent
 *   is BAD_PARAMETERS, as are the upper 16 bits of paramTypes, and memory of
 *   another context (origin API, not COMMS). A reference to a released block
 *   is refused, where libteec sends NULL.
 * - Starting an operation that is under way is BAD_STATE, origin API. A request
 *   to cancel an operation before its start makes the start fail with CANCEL,
 *   origin API. A late request does nothing, where libteec cancels the session's
 *   next command. A request names its operation by the operation's own number.
 *   The thread of an operation that waits is sent a signal, so that the wait ends
 *   at once; see docs/c-library.md, and TEEC_NUDGE there to switch this off.
 * - Temporary memory is copied to pages of its own, so that the TEE does not see
 *   what lies beside it. Outputs are copied there too: what the Trusted
 *   Application does not write comes back unchanged. The pages are wiped and
 *   stay shared for later calls: up to 64 blocks for a context, 4 MiB in total.
 *   Outputs of 2 MiB or more in whole pages are shared themselves.
 * - A temporary reference to NULL on a device without null references is
 *   NOT_SUPPORTED, where libteec sends a buffer.
 * - An empty partial reference may be at its parent's end.
 * - Registering memory fails if the program can't read all of it, or can't write
 *   all of it although it is registered as output.
 * - Allocated memory is zeroed. A failed allocation sets buffer to NULL. So does
 *   releasing, which sets size to 0 as well; for registered memory it leaves
 *   both. The TEE gives memory up before it is freed.
 * - A kernel that can't register descriptors is NOT_SUPPORTED, not
 *   BAD_PARAMETERS.
 *
 * Threads: every function may be called from any thread at any time, also while
 * other threads are in calls with the same context, session or memory. Nothing
 * here waits for another thread's call, except where a function says so. What is
 * left to the program is named at the functions: the library can't know when a
 * structure is free to be used again.
 *
 * As in libteec, the bytes that fit come back even if the Trusted Application
 * sets a size larger than a temporary output's buffer: programs read the start of
 * a datagram this way.
 */
#ifndef TEE_CLIENT_API_H
#define TEE_CLIENT_API_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TEEC_CONFIG_PAYLOAD_REF_COUNT 4

/* No limit of the library's own: larger blocks fail for want of resources. */
#define TEEC_CONFIG_SHAREDMEM_MAX_SIZE ULONG_MAX

/* Parameter types; 4 and 8 to 11 are reserved. */
#define TEEC_NONE 0x00000000
#define TEEC_VALUE_INPUT 0x00000001
#define TEEC_VALUE_OUTPUT 0x00000002
#define TEEC_VALUE_INOUT 0x00000003
#define TEEC_MEMREF_TEMP_INPUT 0x00000005
#define TEEC_MEMREF_TEMP_OUTPUT 0x00000006
#define TEEC_MEMREF_TEMP_INOUT 0x00000007
#define TEEC_MEMREF_WHOLE 0x0000000C
#define TEEC_MEMREF_PARTIAL_INPUT 0x0000000D
#define TEEC_MEMREF_PARTIAL_OUTPUT 0x0000000E
#define TEEC_MEMREF_PARTIAL_INOUT 0x0000000F

/* Directions of shared memory, seen from the Trusted Application. */
#define TEEC_MEM_INPUT 0x00000001
#define TEEC_MEM_OUTPUT 0x00000002

#define TEEC_SUCCESS 0x00000000
#define TEEC_ERROR_STORAGE_NOT_AVAILABLE 0xF0100003
#define TEEC_ERROR_GENERIC 0xFFFF0000
#define TEEC_ERROR_ACCESS_DENIED 0xFFFF0001
#define TEEC_ERROR_CANCEL 0xFFFF0002
#define TEEC_ERROR_ACCESS_CONFLICT 0xFFFF0003
#define TEEC_ERROR_EXCESS_DATA 0xFFFF0004
#define TEEC_ERROR_BAD_FORMAT 0xFFFF0005
#define TEEC_ERROR_BAD_PARAMETERS 0xFFFF0006
#define TEEC_ERROR_BAD_STATE 0xFFFF0007
#define TEEC_ERROR_ITEM_NOT_FOUND 0xFFFF0008
#define TEEC_ERROR_NOT_IMPLEMENTED 0xFFFF0009
#define TEEC_ERROR_NOT_SUPPORTED 0xFFFF000A
#define TEEC_ERROR_NO_DATA 0xFFFF000B
#define TEEC_ERROR_OUT_OF_MEMORY 0xFFFF000C
#define TEEC_ERROR_BUSY 0xFFFF000D
#define TEEC_ERROR_COMMUNICATION 0xFFFF000E
#define TEEC_ERROR_SECURITY 0xFFFF000F
#define TEEC_ERROR_SHORT_BUFFER 0xFFFF0010
#define TEEC_ERROR_EXTERNAL_CANCEL 0xFFFF0011
#define TEEC_ERROR_OVERFLOW 0xFFFF300F
#define TEEC_ERROR_TARGET_DEAD 0xFFFF3024
#define TEEC_ERROR_STORAGE_NO_SPACE 0xFFFF3041

/* Which layer a result comes from. */
#define TEEC_ORIGIN_API 0x00000001
#define TEEC_ORIGIN_COMMS 0x00000002
#define TEEC_ORIGIN_TEE 0x00000003
#define TEEC_ORIGIN_TRUSTED_APP 0x00000004

/* Who the client says it is; see TEEC_OpenSession(). */
#define TEEC_LOGIN_PUBLIC 0x00000000
#define TEEC_LOGIN_USER 0x00000001
#define TEEC_LOGIN_GROUP 0x00000002
#define TEEC_LOGIN_APPLICATION 0x00000004
#define TEEC_LOGIN_USER_APPLICATION 0x00000005
#define TEEC_LOGIN_GROUP_APPLICATION 0x00000006

#define TEEC_PARAM_TYPES(p0, p1, p2, p3)                                      \
	((uint32_t)(p0) | ((uint32_t)(p1) << 4) | ((uint32_t)(p2) << 8) |     \
	 ((uint32_t)(p3) << 12))
#define TEEC_PARAM_TYPE_GET(types, index) (((types) >> (4 * (index))) & 0xFU)

typedef uint32_t TEEC_Result;

typedef struct {
	uint32_t timeLow;
	uint16_t timeMid;
	uint16_t timeHiAndVersion;
	uint8_t clockSeqAndNode[8];
} TEEC_UUID;

/* imp is the library's own in every structure: opaque, and 0 when not live. */
typedef struct {
	struct {
		uint32_t handle;
		bool reg_mem;
		bool memref_null;
	} imp;
} TEEC_Context;

typedef struct {
	struct {
		uintptr_t context;
		uint32_t session_id;
	} imp;
} TEEC_Session;

typedef struct {
	void *buffer;
	size_t size;
	uint32_t flags;
	struct {
		uintptr_t context;
		uint32_t kind;
		int32_t id;
		int32_t fd;
		uintptr_t serial;
	} imp;
} TEEC_SharedMemory;

typedef struct {
	void *buffer;
	size_t size;
} TEEC_TempMemoryReference;

typedef struct {
	TEEC_SharedMemory *parent;
	size_t size;
	size_t offset;
} TEEC_RegisteredMemoryReference;

typedef struct {
	uint32_t a;
	uint32_t b;
} TEEC_Value;

typedef union {
	TEEC_TempMemoryReference tmpref;
	TEEC_RegisteredMemoryReference memref;
	TEEC_Value value;
} TEEC_Parameter;

/*
 * started must be 0 before each use of an operation that may be cancelled;
 * the library keeps the operation's state there from then on.
 *
 * Threads: from its start to the return of that call an operation is the
 * library's. No other thread may write any field of it, read started or an
 * output, or start it, in that time: a start while it is with the kernel is
 * refused with BAD_STATE, but one at the moment of its end is a race.
 */
typedef struct {
	uint32_t started;
	uint32_t paramTypes;
	TEEC_Parameter params[TEEC_CONFIG_PAYLOAD_REF_COUNT];
	struct {
		void *reserved;
	} imp;
} TEEC_Operation;

/*
 * Connects to a TEE. name is NULL for the first device with the GlobalPlatform
 * capability, "optee-tz" for OP-TEE in TrustZone, or the path of a device.
 *
 * Fails with ITEM_NOT_FOUND where there is no such TEE, ACCESS_DENIED where
 * there is one that may not be opened, NOT_SUPPORTED for a device that has no
 * GlobalPlatform capability or is the supplicant's, BAD_PARAMETERS for a path
 * that is no TEE device.
 *
 * Threads: context is the caller's alone until the function returns.
 */
TEEC_Result TEEC_InitializeContext(const char *name, TEEC_Context *context);

/*
 * Ends a context. Calls of other threads that are still in the TEE keep the
 * device open until they return. NULL, and a context that is not live, are
 * ignored.
 *
 * Threads: of several that finalise one context, one does it, and the others
 * return before it is done. A call that begins meanwhile succeeds, or is
 * refused. The structure may be written again when all of these have returned.
 */
void TEEC_FinalizeContext(TEEC_Context *context);

/*
 * Opens a session with the Trusted Application called destination.
 *
 * connectionMethod is a TEEC_LOGIN_ value; the two group logins read a
 * uint32_t group id at connectionData, the others nothing. operation and
 * returnOrigin may be NULL.
 *
 * Threads: session is the caller's alone until the function returns; for
 * operation see TEEC_Operation. Any number of openings may run at once.
 */
TEEC_Result TEEC_OpenSession(TEEC_Context *context, TEEC_Session *session,
			     const TEEC_UUID *destination,
			     uint32_t connectionMethod,
			     const void *connectionData,
			     TEEC_Operation *operation, uint32_t *returnOrigin);

/*
 * Closes a session; NULL, and a session that is not open, are ignored.
 *
 * Threads: of several that close one session, one does it, and the others return
 * before it is done. It does not wait for the session's commands; what the TEE
 * does with those is up to the TEE. A command that another thread starts at this
 * moment may be refused by the TEE, or reach a session that is opened next, if
 * the TEE gives that the same id: a program closes a session when its commands
 * are over.
 */
void TEEC_CloseSession(TEEC_Session *session);

/*
 * Runs a command of the Trusted Application and waits for its end.
 *
 * Threads: commands of one session may run in any number of threads; the TEE
 * runs them one after the other. Each has an operation of its own: see
 * TEEC_Operation. Memory that an operation names is read and written until the
 * function returns. Two operations may name the same memory; what both write
 * there is up to the TEE.
 */
TEEC_Result TEEC_InvokeCommand(TEEC_Session *session, uint32_t commandID,
			       TEEC_Operation *operation,
			       uint32_t *returnOrigin);

/*
 * Shares sharedMem->size bytes at sharedMem->buffer, in the directions of
 * sharedMem->flags. Memory that can't be shared in place is copied for each
 * operation; memory that can't be written is refused as output.
 *
 * Threads: sharedMem is the caller's alone until the function returns.
 */
TEEC_Result TEEC_RegisterSharedMemory(TEEC_Context *context,
				      TEEC_SharedMemory *sharedMem);

/*
 * Allocates and shares sharedMem->size zeroed bytes; sets buffer.
 *
 * Threads: sharedMem is the caller's alone until the function returns.
 */
TEEC_Result TEEC_AllocateSharedMemory(TEEC_Context *context,
				      TEEC_SharedMemory *sharedMem);

/*
 * Ends the sharing, and frees what TEEC_AllocateSharedMemory() allocated.
 * NULL, and memory that is not shared, are ignored.
 *
 * Threads: of several that release one block, one does it, and the others return
 * before it is done. A program releases memory when the operations that name it
 * are over: one that starts at this moment is refused, or reads a structure that
 * is changing; one that is in the TEE goes on, and what it writes is lost.
 */
void TEEC_ReleaseSharedMemory(TEEC_SharedMemory *sharedMem);

/*
 * Asks for the end of an operation, from any thread. Before its start it makes
 * the start fail with CANCEL, origin API; during it the TEE is told; after it
 * nothing happens.
 *
 * Threads: it may run beside the operation's start, its call and its end, and
 * beside other requests; a call waits at its end for the requests that name it.
 * It reads started, so the program must not write that field meanwhile: an
 * operation is used again, or its memory freed, when every request has returned.
 * Otherwise a late request cancels the operation's next use.
 */
void TEEC_RequestCancellation(TEEC_Operation *operation);

#ifdef __cplusplus
}
#endif

#endif

# SPDX-License-Identifier: BSD-2-Clause
"""Describes the extension module pytee_client._native to cffi.

Run by setup.py, and by programs that compile the module for another machine; so it imports
nothing of the package.
"""

import re
import sysconfig
from pathlib import Path

from cffi import FFI

_TOP = Path(__file__).resolve().parents[2]

# One translation unit with what cffi generates, so that functions stay static and inline. A file
# uses those before it.
_PARTS = (
    "failure.c",
    "linux_wait.c",
    "interrupt.c",
    "python_kernel.c",
    "user_memory.c",
    "futex.c",
    "timing.c",
    "queue.c",
    "sleep.c",
    "environment.c",
    "context.c",
    "block.c",
    "session.c",
    "call.c",
    "worker.c",
    "interpreter_end.c",
    "making.c",
    "waiting.c",
    "invoke.c",
    "audit.c",
    "plain_call.c",
    "value_call.c",
    "closed_buffer.c",
    "finalizer.c",
    "functions.c",
)
# All of the C library but what it has for other programs alone.
SOURCES = sorted(
    f"csrc/{path.name}" for path in (_TOP / "csrc").glob("*.c") if path.name != "trace.c"
)
HEADERS = sorted(f"csrc/{path.name}" for path in (_TOP / "csrc").glob("*.h"))
INCLUDE_DIRS = ["csrc"]
# Hidden, so that a program can use libteec and this module in one process.
COMPILE_ARGS = ["-std=gnu11", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-unused-function"]
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
# Python is often built with -g, and so are its extension modules then.
LINK_ARGS = ["-Wl,--strip-all"]


def _constants() -> str:
    """Declare every numeric constant of the headers; their values come from the compiler."""
    names = []
    for header in ("csrc/tee_client_api.h", "csrc/linux_tee.h"):
        text = (_TOP / header).read_text(encoding="utf-8")
        names += re.findall(r"^#define (TEEC?_\w+) ", text, flags=re.MULTILINE)
        names += re.findall(r"^#define (TEEC?_\w+)\s*\\$", text, flags=re.MULTILINE)
    return "".join(f"#define {name} ...\n" for name in dict.fromkeys(names))


_DECLARATIONS = """
typedef uint32_t TEEC_Result;
typedef struct {
    uint32_t timeLow; uint16_t timeMid; uint16_t timeHiAndVersion; uint8_t clockSeqAndNode[8];
} TEEC_UUID;
typedef struct { ...; } TEEC_Context;
typedef struct { ...; } TEEC_Session;
typedef struct { void *buffer; size_t size; uint32_t flags; ...; } TEEC_SharedMemory;
typedef struct { void *buffer; size_t size; } TEEC_TempMemoryReference;
typedef struct { TEEC_SharedMemory *parent; size_t size; size_t offset; }
    TEEC_RegisteredMemoryReference;
typedef struct { uint32_t a; uint32_t b; } TEEC_Value;
typedef union {
    TEEC_TempMemoryReference tmpref;
    TEEC_RegisteredMemoryReference memref;
    TEEC_Value value;
} TEEC_Parameter;
typedef struct { uint32_t started; uint32_t paramTypes; TEEC_Parameter params[4]; ...; }
    TEEC_Operation;

struct tee_ioctl_version_data { uint32_t impl_id; uint32_t impl_caps; uint32_t gen_caps; };
enum tee_operation_state {
    TEE_OPERATION_IDLE, TEE_OPERATION_REQUESTED, TEE_OPERATION_SENT, TEE_OPERATION_DONE, ...
};
enum tee_operation_state tee_operation_state(const TEEC_Operation *);

TEEC_Result TEEC_InitializeContext(const char *, TEEC_Context *);
void TEEC_FinalizeContext(TEEC_Context *);
TEEC_Result TEEC_OpenSession(TEEC_Context *, TEEC_Session *, const TEEC_UUID *, uint32_t,
                             const void *, TEEC_Operation *, uint32_t *);
void TEEC_CloseSession(TEEC_Session *);
TEEC_Result TEEC_InvokeCommand(TEEC_Session *, uint32_t, TEEC_Operation *, uint32_t *);
TEEC_Result TEEC_RegisterSharedMemory(TEEC_Context *, TEEC_SharedMemory *);
TEEC_Result TEEC_AllocateSharedMemory(TEEC_Context *, TEEC_SharedMemory *);
TEEC_Result TEEC_RegisterSharedMemoryFileDescriptor(TEEC_Context *, TEEC_SharedMemory *, int);
void TEEC_ReleaseSharedMemory(TEEC_SharedMemory *);
void TEEC_RequestCancellation(TEEC_Operation *);
void tee_context_trim(const TEEC_Context *);
TEEC_Result tee_memory_allocate(TEEC_Context *, TEEC_SharedMemory *);
TEEC_Result tee_memory_register(TEEC_Context *, TEEC_SharedMemory *, _Bool);

struct python_device { uintptr_t kernel; };

TEEC_Result context_initialize(TEEC_Context *, const char *, struct python_device *,
                               struct tee_ioctl_version_data *);
struct call;
struct call_list { struct call *first; struct call *last; };
struct queue { struct call_list waiting; unsigned int running; unsigned int limit; ...; };
struct shared_context {
    TEEC_Context context; struct tee_ioctl_version_data version; TEEC_Result result; int error;
    struct queue queue; ...;
};
void context_open(struct shared_context *, const char *, struct python_device *, _Bool);
void context_trim(struct shared_context *);
void context_leave(struct shared_context *);
void context_close(struct shared_context *);
void context_drop(struct python_device *, struct shared_context *);

struct shared_memory { TEEC_SharedMemory memory; int error; ...; };
TEEC_Result block_register(struct shared_memory *, struct shared_context *, _Bool);
TEEC_Result block_register_descriptor(struct shared_memory *, struct shared_context *, int);
TEEC_Result block_allocate(struct shared_memory *, struct shared_context *, void *, size_t);
void block_leave(struct shared_memory *);
void block_close(struct shared_memory *);
_Bool block_is_closed(const struct shared_memory *);
_Bool block_is_shared(const struct shared_memory *);
void block_drop(struct shared_context *, struct shared_memory *);

struct shared_session { TEEC_Session session; ...; };
void session_set_closing(struct shared_session *);
_Bool session_is_closed(const struct shared_session *);
uint32_t session_ended(const struct shared_session *);
void session_wait(struct shared_session *, uint32_t, int64_t);
_Bool session_close(struct shared_session *);
void session_drop(struct shared_context *, struct shared_session *);

enum call_outcome { CALL_CAME_BACK, CALL_LATE, CALL_UNSENT, CALL_GIVEN_UP };
struct call {
    TEEC_Operation operation; uint32_t command; uint32_t types; TEEC_Parameter given[4];
    uint32_t origin; TEEC_Result result; int error; uint32_t outcome; struct queue *queue;
    _Bool tells, is_urgent, is_withdrawn;
    ...;
};
uintptr_t call_set_owner(struct call *, uintptr_t, _Bool);
unsigned long call_thread(struct call *);
void call_adopt(struct call *, struct shared_context *, struct shared_session *);
void call_set_opening(struct call *, struct shared_context *, struct shared_session *,
                      uintptr_t, const char *, uint32_t, _Bool, uint32_t);
_Bool call_is_opening(const struct call *);
void call_forget_run(struct call *);
_Bool call_was_sent(const struct call *);
int64_t call_nanoseconds(const struct call *);
_Bool call_open_session(struct call *, uint32_t);
_Bool call_invoke(struct call *, uint32_t, uint32_t);
_Bool call_invoke_block(struct call *, uint32_t, TEEC_SharedMemory *);
void call_set_limit(struct call *, int64_t, int64_t);
void call_set_no_limit(struct call *);
void call_cancel(struct call *);
void end_in_thread(struct call *);
_Bool call_submit(struct call *, uint32_t, uint32_t);
_Bool call_stop(struct call *);
_Bool call_give_up(struct call *);
_Bool call_is_pending(const struct call *);
_Bool call_is_running(const struct call *);
void cancel_elsewhere(struct call *);
void workers_end(int64_t);

struct tee_device_ops {
    int (*open)(void *, const char *);
    int (*ioctl)(void *, int, unsigned long, void *);
    int (*mmap)(void *, int, size_t, void **);
    int (*munmap)(void *, void *, size_t);
    int (*close)(void *, int);
};
extern const struct tee_device_ops tee_device_linux;
int linux_open(const char *);
int linux_ioctl(int, unsigned long, void *);
int linux_close(int);

int copy_from_user(void *, uint64_t, size_t);
struct tee_ioctl_buf_data { uint64_t buf_ptr; uint64_t buf_len; };
int copy_buffer_from_user(char *, size_t, uint64_t);
int copy_to_user(uint64_t, const void *, size_t);
size_t write_changes(uint64_t, const char *, const char *, size_t);
int check_user_pages(uint64_t, size_t);
int tee_pages_check(const void *, size_t, _Bool);

_Bool sleep_until_signal(uint64_t, uint64_t);
_Bool is_privileged(void);

void add_functions(void);
void watch_over(unsigned long);
void leave_signals(void);
_Bool is_in_destructor(void);
"""

ffibuilder = FFI()
ffibuilder.cdef(_constants() + _DECLARATIONS)
ffibuilder.set_source(
    "pytee_client._native",
    "".join(f'#include "python/{name}"\n' for name in _PARTS),
    sources=SOURCES,
    depends=[*HEADERS, *(f"csrc/python/{name}" for name in _PARTS)],
    include_dirs=INCLUDE_DIRS,
    extra_compile_args=COMPILE_ARGS,
    extra_link_args=LINK_ARGS,
    define_macros=[] if FREE_THREADED else [("Py_LIMITED_API", "0x030a0000")],
    py_limited_api=not FREE_THREADED,
)

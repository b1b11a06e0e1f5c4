// SPDX-License-Identifier: BSD-2-Clause
/*
 * The state of the stand-in, in a file that all processes map. A descriptor of
 * the device is one of this file: its offset is the number of the object, and a
 * lock of the open file description says that the object is alive. So copies of
 * descriptors, forks, execs and the ends of processes need no code.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

_Static_assert(sizeof(pthread_mutex_t) <= 64, "the lock has room");

#define LOCKS_START ((off_t)1 << 30)

struct stand_in *state;
int state_file = -1;
static char *file_path;
static struct stat file_status;

static pthread_mutex_t *mutex(void)
{
	return (pthread_mutex_t *)state->lock;
}

void lock_state(void)
{
	if (pthread_mutex_lock(mutex()) == EOWNERDEAD)
		pthread_mutex_consistent(mutex());
}

void unlock_state(void)
{
	pthread_mutex_unlock(mutex());
}

static void initialize(void)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(mutex(), &attributes);
	state->devices = 1;
	state->implementation = TEE_IMPL_ID_OPTEE;
	state->implementation_capabilities = TEE_OPTEE_CAP_TZ;
	state->capabilities = TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM |
			      TEE_GEN_CAP_MEMREF_NULL;
}

struct stand_in *stand_in_attach(const char *path)
{
	struct stand_in *mapped;
	bool is_new;
	int fd;

	fd = (int)syscall(SYS_openat, AT_FDCWD, path,
			  O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &file_status))
		return NULL;
	is_new = !file_status.st_size;
	if (is_new && ftruncate(fd, BLOCKS_START + STAND_IN_OBJECTS * BLOCK_SIZE))
		return NULL;
	mapped = (void *)syscall(SYS_mmap, NULL, sizeof(*mapped),
				 PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		return NULL;
	state_file = fd;
	file_path = strdup(path);
	state = mapped;
	if (is_new)
		initialize();
	return state;
}

/* In the processes that the library is loaded into before all others. */
__attribute__((constructor)) static void attach(void)
{
	const char *path = getenv("PYTEE_STAND_IN");

	if (path && !stand_in_attach(path))
		abort();
}

int object_of(int fd)
{
	struct stat status;
	off_t offset;

	if (!state || fd < 0 || fd == state_file || fstat(fd, &status) ||
	    status.st_dev != file_status.st_dev ||
	    status.st_ino != file_status.st_ino)
		return -1;
	offset = lseek(fd, 0, SEEK_CUR);
	return offset < STAND_IN_OBJECTS ? (int)offset : -1;
}

static struct flock lock_of(uint32_t object)
{
	struct flock lock;

	memset(&lock, 0, sizeof(lock));
	lock.l_type = F_WRLCK;
	lock.l_whence = SEEK_SET;
	lock.l_start = LOCKS_START + object;
	lock.l_len = 1;
	return lock;
}

bool is_alive_locked(uint32_t object)
{
	struct flock lock = lock_of(object);

	if (state->objects[object].kind == STAND_IN_NOTHING)
		return false;
	if (syscall(SYS_fcntl, state_file, F_OFD_GETLK, &lock))
		abort();
	if (lock.l_type != F_UNLCK)
		return true;
	state->objects[object].kind = STAND_IN_NOTHING;
	return false;
}

/* In turn, so that the number of what is gone is not soon another's. */
static uint32_t free_object_locked(void)
{
	uint32_t i, object;

	for (i = 0; i < STAND_IN_OBJECTS; i++) {
		object = state->next_object++ % STAND_IN_OBJECTS;
		if (!is_alive_locked(object))
			return object;
	}
	return STAND_IN_OBJECTS;
}

static void forget_sessions_locked(uint32_t device)
{
	uint32_t i;

	for (i = 0; i < STAND_IN_SESSIONS; i++)
		if (state->sessions[i].device == device)
			state->sessions[i].is_open = false;
}

int new_object(int flags, const struct stand_in_object *content,
	       uint32_t *object)
{
	struct flock lock;
	int fd;

	fd = (int)syscall(SYS_openat, AT_FDCWD, file_path, O_RDWR | flags, 0);
	if (fd < 0)
		return -errno;
	lock_state();
	*object = free_object_locked();
	if (*object == STAND_IN_OBJECTS) {
		unlock_state();
		syscall(SYS_close, fd);
		return -ENOMEM;
	}
	lock = lock_of(*object);
	if (syscall(SYS_fcntl, fd, F_OFD_SETLK, &lock))
		abort();
	lseek(fd, *object, SEEK_SET);
	forget_sessions_locked(*object);
	state->objects[*object] = *content;
	state->objects[*object].process = getpid();
	unlock_state();
	return fd;
}

bool stand_in_is_alive(uint32_t object)
{
	bool is_alive;

	lock_state();
	is_alive = is_alive_locked(object);
	unlock_state();
	return is_alive;
}

uint32_t stand_in_alive(uint32_t kind)
{
	uint32_t i, count = 0;

	lock_state();
	for (i = 0; i < STAND_IN_OBJECTS; i++)
		count += state->objects[i].kind == kind && is_alive_locked(i);
	unlock_state();
	return count;
}

uint32_t stand_in_sessions(void)
{
	uint32_t i, count = 0;

	lock_state();
	for (i = 0; i < STAND_IN_SESSIONS; i++)
		count += state->sessions[i].is_open &&
			 is_alive_locked(state->sessions[i].device);
	unlock_state();
	return count;
}

struct stand_in_call *note(uint64_t request, int object, const void *bytes,
			   size_t length)
{
	struct stand_in_call *call;
	size_t kept = length < STAND_IN_BYTES ? length : STAND_IN_BYTES;

	lock_state();
	call = &state->calls[state->called++ % STAND_IN_CALLS];
	memset(call, 0, sizeof(*call));
	call->request = request;
	call->process = getpid();
	call->thread = (int32_t)syscall(SYS_gettid);
	call->object = object;
	call->length = (uint32_t)length;
	if (kept)
		memcpy(call->bytes, bytes, kept);
	unlock_state();
	return call;
}

static bool is_for(const struct stand_in_rule *rule, uint64_t request)
{
	if (!rule->times)
		return false;
	if (rule->request == STAND_IN_ANY_IOCTL)
		return request > STAND_IN_OPEN_OTHER;
	return rule->request == request;
}

struct stand_in_rule *take_rule(uint64_t request)
{
	struct stand_in_rule *rule, *taken = NULL;
	size_t i;

	lock_state();
	for (i = 0; i < STAND_IN_RULES; i++) {
		rule = &state->rules[i];
		if (!is_for(rule, request))
			continue;
		if (rule->skip) {
			rule->skip--;
		} else if (!taken) {
			taken = rule;
			if (rule->times != UINT32_MAX)
				rule->times--;
		}
	}
	unlock_state();
	return taken;
}

static void futex(uint32_t *word, int operation, uint32_t value,
		  const struct timespec *limit)
{
	syscall(SYS_futex, word, operation, value, limit, NULL, 0);
}

bool obey(struct stand_in_rule *rule, uint32_t session, uint32_t cancel_id)
{
	struct timespec left = { .tv_sec = rule->delay / 1000000,
				 .tv_nsec = rule->delay % 1000000 * 1000 };

	if (rule->delay)
		nanosleep(&left, NULL);
	if (!rule->hold)
		return false;
	lock_state();
	rule->cancelled = false;
	rule->held_session = session;
	rule->held_cancel_id = cancel_id;
	unlock_state();
	hold(rule);
	return rule->cancelled;
}

void stand_in_let_go(uint32_t rule, uint32_t count)
{
	uint32_t *let_go = &state->rules[rule].let_go;

	__atomic_add_fetch(let_go, count, __ATOMIC_SEQ_CST);
	futex(let_go, FUTEX_WAKE, INT_MAX, NULL);
}

void cancel(uint32_t session, uint32_t cancel_id)
{
	struct stand_in_rule *rule;
	uint32_t i;

	for (i = 0; i < STAND_IN_RULES; i++) {
		rule = &state->rules[i];
		lock_state();
		if (rule->hold < STAND_IN_HOLD_CANCELLABLE ||
		    rule->held <= rule->let_go ||
		    rule->held_session != session ||
		    rule->held_cancel_id != cancel_id) {
			unlock_state();
			continue;
		}
		rule->cancelled = true;
		unlock_state();
		if (rule->hold == STAND_IN_HOLD_CANCELLABLE)
			stand_in_let_go(i, 1);
	}
}

bool stand_in_wait(uint32_t rule, uint32_t count, uint32_t milliseconds)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	uint32_t *held = &state->rules[rule].held, seen, i;

	for (i = 0; i < milliseconds; i++) {
		seen = __atomic_load_n(held, __ATOMIC_SEQ_CST);
		if (seen >= count)
			return true;
		futex(held, FUTEX_WAIT, seen, &moment);
	}
	return false;
}

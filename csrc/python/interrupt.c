// SPDX-License-Identifier: BSD-2-Clause
/*
 * SIGINT while Python's main thread waits in Linux for the TEE. No signal ends that
 * wait, and no handler runs during it. So a thread of its own, without Python,
 * sees that SIGINT is pending, and asks the TEE to cancel what the main thread
 * waits for. It never takes the signal: the main thread handles it as ever.
 *
 * A signalfd tells of each signal that is sent to the process, even of one that
 * the main thread will handle later. Its epoll is edge-triggered, as SIGINT stays
 * pending until the wait is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/* Ends the watching. Sent to the watching thread alone, which blocks it. */
#define STOP_SIGNAL SIGURG
#define STACK_SIZE (128 << 10)
#define TENTH_OF_SECOND 100000000
#define MOMENTS 1000
#define BLOCKED_FIELD 32

enum watch_state { WATCH_NOT, WATCH_WAITS, WATCH_CANCELS, WATCH_ENDED };

static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t watch_changed;
static unsigned long main_thread;

/*
 * Guarded by the lock. generation counts the threads that watched. id and wait
 * are the main thread's.
 */
static struct {
	enum watch_state state;
	bool stops;
	uintptr_t generation;
	pthread_t thread;
	pid_t watcher_id;
	int epoll;
	int signals;
	pid_t id;
	struct linux_wait *wait;
} watch;

/* Returns 0, or an errno. */
static int read_file(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return errno;
	length = read(fd, text, room - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return 0;
}

/*
 * False if the program has closed all descriptors, and perhaps opened others. Where
 * the kernel does not tell, they are taken for ours.
 */
static bool has_descriptors(void)
{
	char path[64], text[512], *data;
	int error;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", watch.epoll);
	error = read_file(path, text, sizeof(text));
	if (!error) {
		data = strstr(text, " data:");
		return data && strtoull(data + 6, NULL, 16) ==
				       (uintptr_t)&watch;
	}
	return error != ENOENT || access("/proc/self/fdinfo", F_OK);
}

static void close_descriptors(void)
{
	if (!has_descriptors())
		return;
	close(watch.epoll);
	close(watch.signals);
}

/* For the process, as this thread gets none itself, and blocks it. */
static bool sigint_is_pending(void)
{
	sigset_t set;

	return !sigpending(&set) && sigismember(&set, SIGINT) == 1;
}

/*
 * True if the signal is for another thread, or is to wait. Of the thread's stat,
 * whose second field, a name in parentheses, may have anything in it.
 */
static bool main_thread_blocks_it(void)
{
	char path[64], text[1024], *place;
	int field;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", watch.id);
	if (read_file(path, text, sizeof(text)))
		return false;
	place = strrchr(text, ')');
	for (field = 2; place && field < BLOCKED_FIELD; field++)
		place = strchr(place + 1, ' ');
	return place && strtoull(place, NULL, 10) >> (SIGINT - 1) & 1;
}

/* The lock is held, but not while it cancels. */
static void cancel_locked(void)
{
	watch.state = WATCH_CANCELS;
	__atomic_store_n(&watch.wait->cancelling, 1, __ATOMIC_SEQ_CST);
	pthread_cond_broadcast(&watch_changed);
	pthread_mutex_unlock(&watch_lock);
	cancel_wait(watch.wait);
	pthread_mutex_lock(&watch_lock);
	__atomic_store_n(&watch.wait->cancelling, 0, __ATOMIC_SEQ_CST);
	watch.state = WATCH_WAITS;
	pthread_cond_broadcast(&watch_changed);
}

/* Waits for signals; false if the watching ends. */
static bool watch_locked(uintptr_t generation)
{
	struct epoll_event event;
	int epoll = watch.epoll, count, error;

	pthread_mutex_unlock(&watch_lock);
	count = epoll_wait(epoll, &event, 1, -1);
	error = errno;
	pthread_mutex_lock(&watch_lock);
	if (generation != watch.generation || watch.stops)
		return false;
	if ((count < 0 && error != EINTR) || !has_descriptors()) {
		/* The main thread's next wait begins anew. */
		__atomic_store_n(&watch.wait->is_ready, false,
				 __ATOMIC_SEQ_CST);
		return false;
	}
	if (count > 0 && is_waiting(watch.wait) && sigint_is_pending() &&
	    !main_thread_blocks_it())
		cancel_locked();
	return !watch.stops;
}

static void *watch_signals(void *argument)
{
	uintptr_t generation = (uintptr_t)argument;

	pthread_mutex_lock(&watch_lock);
	watch.watcher_id = (pid_t)syscall(SYS_gettid);
	prctl(PR_SET_NAME, "pytee-sigint");
	while (watch_locked(generation))
		;
	if (generation == watch.generation) {
		watch.state = WATCH_ENDED;
		pthread_cond_broadcast(&watch_changed);
	}
	pthread_mutex_unlock(&watch_lock);
	return NULL;
}

static bool open_descriptors(void)
{
	struct epoll_event event;
	sigset_t set;

	memset(&event, 0, sizeof(event));
	event.events = EPOLLIN | EPOLLET;
	event.data.u64 = (uintptr_t)&watch;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, STOP_SIGNAL);
	watch.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (watch.signals < 0)
		return false;
	watch.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (watch.epoll >= 0 && !epoll_ctl(watch.epoll, EPOLL_CTL_ADD,
					   watch.signals, &event))
		return true;
	if (watch.epoll >= 0)
		close(watch.epoll);
	close(watch.signals);
	return false;
}

static bool start_thread(void)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	bool started;

	if (pthread_attr_init(&attributes))
		return false;
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = !pthread_create(&watch.thread, &attributes, watch_signals,
				  (void *)watch.generation);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return started;
}

/*
 * pthread_join() returns a moment before the kernel counts one thread less. The
 * number may soon be another thread's, so this does not wait for long.
 */
static void join_locked(void)
{
	const struct timespec moment = { .tv_nsec = 10000 };
	int i;

	pthread_join(watch.thread, NULL);
	for (i = 0; i < MOMENTS; i++) {
		if (syscall(SYS_tgkill, getpid(), watch.watcher_id, 0))
			break;
		nanosleep(&moment, NULL);
	}
	close_descriptors();
	watch.state = WATCH_NOT;
}

/* Nothing is cancelled if this fails, which is not tried again. */
static void start_locked(void)
{
	if (watch.state == WATCH_ENDED)
		join_locked();
	if (watch.state != WATCH_NOT || !open_descriptors())
		return;
	watch.generation++;
	watch.stops = false;
	watch.state = WATCH_WAITS;
	if (start_thread())
		return;
	watch.state = WATCH_NOT;
	close_descriptors();
}

static void wait_a_moment_locked(void)
{
	struct timespec limit;

	clock_gettime(CLOCK_MONOTONIC, &limit);
	limit.tv_nsec += TENTH_OF_SECOND;
	if (limit.tv_nsec >= 10 * TENTH_OF_SECOND) {
		limit.tv_nsec -= 10 * TENTH_OF_SECOND;
		limit.tv_sec++;
	}
	pthread_cond_timedwait(&watch_changed, &watch_lock, &limit);
}

/*
 * A thread that is cancelling goes on: that may take as long as the TEE likes.
 * One whose descriptors the program has closed can't be woken, and is left.
 */
static void stop_locked(void)
{
	if (watch.state == WATCH_NOT)
		return;
	watch.stops = true;
	pthread_kill(watch.thread, STOP_SIGNAL);
	while ((watch.state == WATCH_WAITS && has_descriptors()) ||
	       (watch.state == WATCH_CANCELS && !is_waiting(watch.wait)))
		wait_a_moment_locked();
	if (watch.state == WATCH_CANCELS) {
		watch.stops = false;
		return;
	}
	__atomic_store_n(&watch.wait->is_ready, false, __ATOMIC_SEQ_CST);
	if (watch.state == WATCH_ENDED) {
		join_locked();
		return;
	}
	watch.generation++;
	watch.state = WATCH_NOT;
	pthread_detach(watch.thread);
}

/* If another thread forks. */
static bool main_thread_waits(void)
{
	return watch.wait && watch.wait != &own_wait && is_waiting(watch.wait);
}

/*
 * Python warns of a fork beside another thread, even of one that is not Python's.
 * If the main thread waits, there is another anyway.
 */
static void watch_before_fork(void)
{
	pthread_mutex_lock(&watch_lock);
	if (!main_thread_waits())
		stop_locked();
}

static void watch_after_fork_in_parent(void)
{
	/* It may have begun just now. */
	if (main_thread_waits())
		start_locked();
	pthread_mutex_unlock(&watch_lock);
}

static void initialize_condition(void)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watch_changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

/* Nobody is in the child but the thread that forked. */
static void watch_after_fork_in_child(void)
{
	main_thread = (unsigned long)pthread_self();
	own_wait.is_ready = false;
	own_wait.cancelling = 0;
	if (watch.state != WATCH_NOT)
		close_descriptors();
	memset(&watch, 0, sizeof(watch));
	initialize_condition();
	pthread_mutex_unlock(&watch_lock);
}

/* Python ends: the main thread's memory may go, if it is not the process's first. */
static void stop_watching(void)
{
	pthread_mutex_lock(&watch_lock);
	stop_locked();
	pthread_mutex_unlock(&watch_lock);
}

/*
 * Python's, once, before any call: thread is Python's main thread. Forks stop the
 * watching before they take the library's locks, as it may need these.
 */
static void watch_over(unsigned long thread)
{
	main_thread = thread;
	initialize_condition();
	pthread_atfork(watch_before_fork, watch_after_fork_in_parent,
		       watch_after_fork_in_child);
	Py_AtExit(stop_watching);
}

/*
 * Python's, in threads of the library's own. Linux may give them what the main
 * thread should get, if that has a signal pending already.
 */
static void leave_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

/* In a thread that waits for the first time, or if nobody watches any more. */
static void __attribute__((noinline, cold)) begin_watching(void)
{
	pthread_mutex_lock(&watch_lock);
	own_wait.is_ready = true;
	if (main_thread == (unsigned long)pthread_self()) {
		watch.id = (pid_t)syscall(SYS_gettid);
		watch.wait = &own_wait;
		start_locked();
	}
	pthread_mutex_unlock(&watch_lock);
}

static void __attribute__((noinline, cold)) wait_for_cancellation(void)
{
	int error = errno;

	pthread_mutex_lock(&watch_lock);
	while (own_wait.cancelling)
		pthread_cond_wait(&watch_changed, &watch_lock);
	pthread_mutex_unlock(&watch_lock);
	errno = error;
}

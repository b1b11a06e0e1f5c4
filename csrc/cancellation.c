// SPDX-License-Identifier: BSD-2-Clause
/*
 * Cancellation: an operation is idle, requested, sent or done, under one lock.
 * A client cancels it by its address alone, so those that are with the kernel
 * are in a list.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "internal.h"

_Static_assert(sizeof(void *) != 8 || sizeof(TEEC_Operation) == 112,
	       "libteec.so.2");
_Static_assert(sizeof(void *) != 8 || sizeof(TEEC_Parameter) == 24,
	       "libteec.so.2");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cancelled = PTHREAD_COND_INITIALIZER;
static struct tee_flight *flights;
static uint32_t last_cancel_id;
static bool ids_are_used_up;

void tee_flight_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void tee_flight_after_fork(bool is_child)
{
	/* The child lacks the threads that wait, and the list is on their stacks. */
	if (is_child) {
		flights = NULL;
		pthread_cond_init(&cancelled, NULL);
	}
	pthread_mutex_unlock(&lock);
}

static struct tee_flight *find_locked(const TEEC_Operation *operation)
{
	struct tee_flight *flight;

	for (flight = flights; flight; flight = flight->next)
		if (flight->operation == operation)
			return flight;
	return NULL;
}

static bool is_in_use_locked(uint32_t cancel_id)
{
	const struct tee_flight *flight;

	for (flight = flights; flight; flight = flight->next)
		if (flight->cancel_id == cancel_id)
			return true;
	return false;
}

/* Never 0, and no other's that is with the kernel. */
static uint32_t new_cancel_id_locked(void)
{
	do {
		if (!++last_cancel_id) {
			last_cancel_id = 1;
			ids_are_used_up = true;
		}
	} while (ids_are_used_up && is_in_use_locked(last_cancel_id));
	return last_cancel_id;
}

enum tee_operation_state tee_operation_state(const TEEC_Operation *operation)
{
	enum tee_operation_state state;

	pthread_mutex_lock(&lock);
	state = operation->started;
	pthread_mutex_unlock(&lock);
	return state;
}

TEEC_Result tee_flight_begin(struct tee_flight *flight,
			     TEEC_Operation *operation,
			     struct tee_context *context, uint32_t session_id)
{
	TEEC_Result result = TEEC_SUCCESS;

	memset(flight, 0, sizeof(*flight));
	flight->operation = operation;
	flight->context = context;
	flight->session_id = session_id;
	flight->thread = pthread_self();

	pthread_mutex_lock(&lock);
	flight->process = tee_process;
	if (operation->started == TEE_OPERATION_REQUESTED) {
		operation->started = TEE_OPERATION_DONE;
		result = TEEC_ERROR_CANCEL;
	} else if (operation->started == TEE_OPERATION_SENT &&
		   find_locked(operation)) {
		result = TEEC_ERROR_BAD_STATE;
	} else {
		operation->started = TEE_OPERATION_SENT;
		flight->cancel_id = new_cancel_id_locked();
		flight->next = flights;
		if (flights)
			flights->previous = flight;
		flights = flight;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

void tee_flight_end(struct tee_flight *flight)
{
	pthread_mutex_lock(&lock);
	flight->operation->started = TEE_OPERATION_DONE;
	if (flight->process != tee_process)
		goto out_unlock;
	/*
	 * A cancellation on its way to the kernel names this session. Without
	 * this wait it could arrive during the session's next command.
	 */
	while (flight->cancelling)
		pthread_cond_wait(&cancelled, &lock);
	if (flight->previous)
		flight->previous->next = flight->next;
	else
		flights = flight->next;
	if (flight->next)
		flight->next->previous = flight->previous;
out_unlock:
	pthread_mutex_unlock(&lock);
	tee_nudge_end(flight->nudge);
}

void tee_flight_cancel(TEEC_Operation *operation, bool nudges)
{
	struct tee_ioctl_cancel_arg arg;
	struct tee_flight *flight;
	int error = errno;

	if (!operation)
		return;
	memset(&arg, 0, sizeof(arg));

	pthread_mutex_lock(&lock);
	if (operation->started == TEE_OPERATION_IDLE)
		operation->started = TEE_OPERATION_REQUESTED;
	flight = operation->started == TEE_OPERATION_SENT ? find_locked(operation) :
							NULL;
	if (flight) {
		arg.cancel_id = flight->cancel_id;
		arg.session = flight->session_id;
		flight->cancelling++;
		pthread_mutex_unlock(&lock);
		/* Only a hint: a driver that can't cancel returns an error. */
		if (!tee_context_ioctl(flight->context, TEE_IOC_CANCEL, &arg) &&
		    nudges)
			tee_nudge(flight->thread, &flight->nudge);
		pthread_mutex_lock(&lock);
		flight->cancelling--;
		pthread_cond_broadcast(&cancelled);
	}
	pthread_mutex_unlock(&lock);
	errno = error;
}

void TEEC_RequestCancellation(TEEC_Operation *operation)
{
	tee_flight_cancel(operation, true);
}

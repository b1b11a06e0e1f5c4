// SPDX-License-Identifier: BSD-2-Clause
/*
 * A TEEC_Session: its opening, its commands and its end. Both openings and
 * commands carry an operation's parameters to the kernel and back.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

_Static_assert(sizeof(void *) != 8 || sizeof(TEEC_Session) == 16,
	       "libteec.so.2");

/* The kernel expects the header and the parameters in one piece. */
struct open_session_buffer {
	struct tee_ioctl_open_session_arg arg;
	struct tee_ioctl_param params[TEEC_CONFIG_PAYLOAD_REF_COUNT];
};

struct invoke_buffer {
	struct tee_ioctl_invoke_arg arg;
	struct tee_ioctl_param params[TEEC_CONFIG_PAYLOAD_REF_COUNT];
};

_Static_assert(sizeof(struct open_session_buffer) == 184, "no padding");
_Static_assert(sizeof(struct invoke_buffer) == 152, "no padding");

/* The fields that both requests have, as places in their buffers. */
struct message {
	unsigned long request;
	void *buffer;
	struct tee_ioctl_param *params;
	uint32_t *num_params;
	uint32_t *cancel_id;
	uint32_t *ret;
	uint32_t *ret_origin;
};

static int send(const struct tee_context *context,
		const struct message *message)
{
	struct tee_ioctl_buf_data data;
	int ret;

	memset(&data, 0, sizeof(data));
	data.buf_ptr = (uintptr_t)message->buffer;
	/* The kernel accepts only the exact length of num_params parameters. */
	data.buf_len = (uintptr_t)&message->params[*message->num_params] -
		       (uintptr_t)message->buffer;
	ret = tee_context_ioctl(context, message->request, &data);
	return ret < 0 ? ret : 0;
}

/*
 * True if the parameters came back from the TEE. A driver may leave the origin
 * unset, so these two results, which only the TEE has, decide first.
 */
static bool has_outputs(TEEC_Result result, uint32_t origin)
{
	if (result == TEEC_SUCCESS || result == TEEC_ERROR_SHORT_BUFFER)
		return true;
	return origin != TEEC_ORIGIN_API && origin != TEEC_ORIGIN_COMMS;
}

static TEEC_Result finish(TEEC_Result result, int error, uint32_t origin,
			  uint32_t *return_origin)
{
	if (return_origin)
		*return_origin = origin;
	errno = error;
	return result;
}

/* The kernel carries UUIDs as octets, most significant first. */
static void uuid_to_octets(const TEEC_UUID *uuid, uint8_t octets[16])
{
	octets[0] = uuid->timeLow >> 24;
	octets[1] = uuid->timeLow >> 16;
	octets[2] = uuid->timeLow >> 8;
	octets[3] = uuid->timeLow;
	octets[4] = uuid->timeMid >> 8;
	octets[5] = uuid->timeMid;
	octets[6] = uuid->timeHiAndVersion >> 8;
	octets[7] = uuid->timeHiAndVersion;
	memcpy(octets + 8, uuid->clockSeqAndNode,
	       sizeof(uuid->clockSeqAndNode));
}

static TEEC_Result set_login(struct tee_ioctl_open_session_arg *arg,
			     uint32_t method, const void *data)
{
	arg->clnt_login = method;
	if (method != TEEC_LOGIN_GROUP && method != TEEC_LOGIN_GROUP_APPLICATION)
		return TEEC_SUCCESS;
	if (!data)
		return TEEC_ERROR_BAD_PARAMETERS;
	memcpy(arg->clnt_uuid, data, sizeof(uint32_t));
	return TEEC_SUCCESS;
}

/* Logins for clients within the kernel, which programs may not use. */
static bool is_for_the_kernel(uint32_t method)
{
	return method >= 0x80000000 && method <= 0xBFFFFFFF;
}

/* False if the client has given the call up. */
static bool may_return(uint32_t *claim)
{
	uint32_t open = TEE_CLAIM_OPEN;

	return !claim || __atomic_compare_exchange_n(claim, &open,
						     TEE_CLAIM_RETURNING, false,
						     __ATOMIC_SEQ_CST,
						     __ATOMIC_SEQ_CST);
}

/*
 * Sends the message with the operation's parameters, and fetches result, origin
 * and outputs. cancellable is the operation if it can be cancelled; session_id
 * is the session that a cancellation names. claim may be NULL.
 */
static TEEC_Result run(struct tee_context *context,
		       const struct message *message, uint32_t session_id,
		       TEEC_Operation *operation, TEEC_Operation *cancellable,
		       uint32_t *claim, uint32_t *origin, int *error)
{
	struct tee_payload payload;
	struct tee_flight flight;
	TEEC_Result result;
	int ret;

	*origin = TEEC_ORIGIN_API;
	result = tee_payload_prepare(context, operation, !claim,
				     message->params, &payload, error);
	if (result != TEEC_SUCCESS)
		return result;
	if (cancellable) {
		result = tee_flight_begin(&flight, cancellable, context,
					  session_id);
		if (result != TEEC_SUCCESS)
			goto out_release;
		*message->cancel_id = flight.cancel_id;
	}

	*message->num_params = payload.slots;
	/* A driver may leave the origin unset. */
	*message->ret_origin = TEEC_ORIGIN_COMMS;
	ret = send(context, message);
	if (cancellable)
		tee_flight_end(&flight);

	if (ret) {
		*origin = TEEC_ORIGIN_COMMS;
		*error = -ret;
		result = tee_result_from_errno(-ret);
		goto out_release;
	}
	*origin = *message->ret_origin;
	result = *message->ret;
	if (has_outputs(result, *origin) && may_return(claim))
		tee_payload_update(operation, message->params, &payload);

out_release:
	tee_payload_release(context, &payload);
	return result;
}

TEEC_Result tee_session_open(struct tee_context *context, TEEC_Session *session,
			     const TEEC_UUID *destination, uint32_t login,
			     const void *data, TEEC_Operation *operation,
			     uint32_t *claim, uint32_t *origin, int *error)
{
	struct open_session_buffer buffer;
	const struct message message = {
		.request = TEE_IOC_OPEN_SESSION,
		.buffer = &buffer,
		.params = buffer.params,
		.num_params = &buffer.arg.num_params,
		.cancel_id = &buffer.arg.cancel_id,
		.ret = &buffer.arg.ret,
		.ret_origin = &buffer.arg.ret_origin,
	};
	TEEC_Result result;

	*origin = TEEC_ORIGIN_API;
	memset(&buffer, 0, sizeof(buffer));
	uuid_to_octets(destination, buffer.arg.uuid);
	result = set_login(&buffer.arg, login, data);
	if (result != TEEC_SUCCESS)
		return result;
	result = run(context, &message, 0, operation, operation, claim, origin,
		     error);
	/* Linux before 5.8 refuses them as it refuses unknown logins. */
	if (*error == EINVAL && *origin == TEEC_ORIGIN_COMMS &&
	    is_for_the_kernel(login)) {
		*error = EPERM;
		result = tee_result_from_errno(*error);
	}
	if (result == TEEC_SUCCESS) {
		memset(session, 0, sizeof(*session));
		session->imp.context = context->handle;
		session->imp.session_id = buffer.arg.session;
	}
	return result;
}

TEEC_Result TEEC_OpenSession(TEEC_Context *context, TEEC_Session *session,
			     const TEEC_UUID *destination,
			     uint32_t connectionMethod,
			     const void *connectionData,
			     TEEC_Operation *operation, uint32_t *returnOrigin)
{
	uint32_t origin = TEEC_ORIGIN_API;
	struct tee_context *internal;
	TEEC_Result result;
	int error = 0;

	internal = context && session && destination ?
			   tee_context_get(tee_handle_of(context)) :
			   NULL;
	if (!internal)
		return finish(TEEC_ERROR_BAD_PARAMETERS, 0, origin,
			      returnOrigin);
	result = tee_session_open(internal, session, destination,
				  connectionMethod, connectionData, operation,
				  NULL, &origin, &error);
	tee_context_put(internal);
	return finish(result, error, origin, returnOrigin);
}

void TEEC_CloseSession(TEEC_Session *session)
{
	struct tee_ioctl_close_session_arg arg;
	struct tee_context *internal;
	uintptr_t handle;
	int error = errno;

	if (!session)
		return;
	handle = __atomic_exchange_n(&session->imp.context, 0,
				     __ATOMIC_ACQ_REL);
	internal = tee_context_get(handle);
	if (!internal)
		return;
	memset(&arg, 0, sizeof(arg));
	arg.session = session->imp.session_id;
	tee_context_ioctl(internal, TEE_IOC_CLOSE_SESSION, &arg);
	tee_context_put(internal);
	errno = error;
}

TEEC_Result tee_session_invoke(struct tee_context *context,
			       const TEEC_Session *session, uint32_t command,
			       TEEC_Operation *operation,
			       TEEC_Operation *cancellable, uint32_t *claim,
			       uint32_t *origin, int *error)
{
	struct invoke_buffer buffer;
	const struct message message = {
		.request = TEE_IOC_INVOKE,
		.buffer = &buffer,
		.params = buffer.params,
		.num_params = &buffer.arg.num_params,
		.cancel_id = &buffer.arg.cancel_id,
		.ret = &buffer.arg.ret,
		.ret_origin = &buffer.arg.ret_origin,
	};

	memset(&buffer, 0, sizeof(buffer));
	buffer.arg.func = command;
	buffer.arg.session = session->imp.session_id;
	return run(context, &message, session->imp.session_id, operation,
		   cancellable, claim, origin, error);
}

TEEC_Result TEEC_InvokeCommand(TEEC_Session *session, uint32_t commandID,
			       TEEC_Operation *operation,
			       uint32_t *returnOrigin)
{
	uint32_t origin = TEEC_ORIGIN_API;
	struct tee_context *internal;
	TEEC_Result result;
	int error = 0;

	internal = session ? tee_context_get(tee_handle_of_session(session)) : NULL;
	if (!internal)
		return finish(TEEC_ERROR_BAD_PARAMETERS, 0, origin,
			      returnOrigin);
	result = tee_session_invoke(internal, session, commandID, operation,
				    operation, NULL, &origin, &error);
	tee_context_put(internal);
	return finish(result, error, origin, returnOrigin);
}

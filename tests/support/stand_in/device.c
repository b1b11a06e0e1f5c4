// SPDX-License-Identifier: BSD-2-Clause
/*
 * The device: OP-TEE's driver with one application behind it, whose every
 * command adds 1 to a of each value it can write, and works on each memref.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "tee_client_api.h"

#define PARAMS 16

/* An argument on its way: read, answered, patched, written back. */
struct request {
	uint64_t number;
	uint32_t object;
	uint64_t address;
	size_t length;
	struct stand_in_rule *rule;
	union {
		uint8_t bytes[sizeof(struct tee_ioctl_open_session_arg) +
			      PARAMS * sizeof(struct tee_ioctl_param)];
		struct tee_ioctl_version_data version;
		struct tee_ioctl_shm_alloc_data alloc;
		struct tee_ioctl_shm_register_data reg;
		struct tee_ioctl_shm_register_fd_data reg_fd;
		struct tee_ioctl_cancel_arg cancel;
		struct tee_ioctl_close_session_arg close;
		struct tee_ioctl_open_session_arg open;
		struct tee_ioctl_invoke_arg invoke;
	} arg;
};

static bool has_buffer(uint64_t number)
{
	return number == TEE_IOC_OPEN_SESSION || number == TEE_IOC_INVOKE;
}

/* Finds where the argument is and how long, and reads it. */
static int fetch(struct request *request, void *argument)
{
	struct tee_ioctl_buf_data data;
	int ret;

	request->address = (uintptr_t)argument;
	request->length = request->number >> 16 & 0x3fff;
	if (has_buffer(request->number)) {
		ret = read_memory(getpid(), &data, request->address,
				  sizeof(data));
		if (ret)
			return ret;
		request->address = data.buf_ptr;
		request->length = data.buf_len;
	}
	if (request->length > sizeof(request->arg))
		return -EINVAL;
	return read_memory(getpid(), &request->arg, request->address,
			   request->length);
}

static void patch(struct request *request)
{
	const struct stand_in_patch *each;
	uint32_t i;

	for (i = 0; i < request->rule->patched; i++) {
		each = &request->rule->patches[i];
		if (each->size <= sizeof(each->value) &&
		    each->offset + each->size <= request->length)
			memcpy(request->arg.bytes + each->offset, &each->value,
			       each->size);
	}
}

static bool session_is_open(uint32_t session, uint32_t device)
{
	return session && session <= STAND_IN_SESSIONS &&
	       state->sessions[session - 1].is_open &&
	       state->sessions[session - 1].device == device;
}

/* 0 if all are in use. */
static uint32_t open_session(uint32_t device)
{
	struct stand_in_session *session;
	uint32_t i, id = 0;

	lock_state();
	for (i = 0; i < STAND_IN_SESSIONS && !id; i++) {
		session = &state->sessions[state->next_session];
		if (!session->is_open || !is_alive_locked(session->device)) {
			session->is_open = true;
			session->device = device;
			id = state->next_session + 1;
		}
		state->next_session =
			(state->next_session + 1) % STAND_IN_SESSIONS;
	}
	unlock_state();
	return id;
}

static int close_session(struct request *request)
{
	uint32_t session = request->arg.close.session;

	if (!session_is_open(session, request->object))
		return -EINVAL;
	state->sessions[session - 1].is_open = false;
	return 0;
}

static int run_param(uint32_t device, struct tee_ioctl_param *param)
{
	switch (param->attr) {
	case TEE_IOCTL_PARAM_ATTR_TYPE_NONE:
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT:
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
		param->a++;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
		if (param->c == TEE_MEMREF_NULL)
			return state->capabilities & TEE_GEN_CAP_MEMREF_NULL ?
				       0 :
				       -EINVAL;
		return run_on_memory(device, param->attr, (int32_t)param->c,
				     param->a, param->b);
	default:
		return -EINVAL;
	}
}

static int run(uint32_t device, struct tee_ioctl_param *params, uint32_t count)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; i < count && !ret; i++)
		ret = run_param(device, &params[i]);
	return ret;
}

static int invoke(struct request *request)
{
	struct tee_ioctl_invoke_arg *arg = &request->arg.invoke;
	int ret;

	if (request->length !=
	    sizeof(*arg) + arg->num_params * sizeof(struct tee_ioctl_param))
		return -EINVAL;
	if (!session_is_open(arg->session, request->object))
		return -EINVAL;
	arg->ret_origin = TEEC_ORIGIN_TRUSTED_APP;
	if (request->rule &&
	    obey(request->rule, arg->session, arg->cancel_id)) {
		arg->ret = TEEC_ERROR_CANCEL;
		return 0;
	}
	ret = run(request->object, (struct tee_ioctl_param *)(arg + 1),
		  arg->num_params);
	if (!ret)
		arg->ret = TEEC_SUCCESS;
	return ret;
}

static int begin_session(struct request *request)
{
	struct tee_ioctl_open_session_arg *arg = &request->arg.open;
	int ret;

	if (request->length !=
	    sizeof(*arg) + arg->num_params * sizeof(struct tee_ioctl_param))
		return -EINVAL;
	arg->ret_origin = TEEC_ORIGIN_TEE;
	if (request->rule && obey(request->rule, 0, arg->cancel_id)) {
		arg->ret = TEEC_ERROR_CANCEL;
		return 0;
	}
	ret = run(request->object, (struct tee_ioctl_param *)(arg + 1),
		  arg->num_params);
	if (ret)
		return ret;
	arg->session = open_session(request->object);
	arg->ret = arg->session ? TEEC_SUCCESS : TEEC_ERROR_OUT_OF_MEMORY;
	arg->ret_origin = arg->session ? TEEC_ORIGIN_TRUSTED_APP :
					 TEEC_ORIGIN_TEE;
	return 0;
}

static int answer_version(struct tee_ioctl_version_data *version)
{
	version->impl_id = state->implementation;
	version->impl_caps = state->implementation_capabilities;
	version->gen_caps = state->capabilities;
	return 0;
}

static int answer(struct request *request)
{
	switch (request->number) {
	case TEE_IOC_VERSION:
		return answer_version(&request->arg.version);
	case TEE_IOC_SHM_ALLOC:
		return allocate_block(request->object, &request->arg.alloc);
	case TEE_IOC_SHM_REGISTER:
		return register_memory(request->object, &request->arg.reg);
	case TEE_IOC_SHM_REGISTER_FD:
		return register_descriptor(request->object,
					   &request->arg.reg_fd);
	case TEE_IOC_OPEN_SESSION:
		return begin_session(request);
	case TEE_IOC_INVOKE:
		return invoke(request);
	case TEE_IOC_CANCEL:
		cancel(request->arg.cancel.session,
		       request->arg.cancel.cancel_id);
		return 0;
	case TEE_IOC_CLOSE_SESSION:
		return close_session(request);
	default:
		return -EINVAL;
	}
}

static bool creates_descriptor(uint64_t number)
{
	return number == TEE_IOC_SHM_ALLOC || number == TEE_IOC_SHM_REGISTER ||
	       number == TEE_IOC_SHM_REGISTER_FD;
}

static int serve(struct request *request)
{
	struct stand_in_rule *rule = request->rule;
	bool fails = rule && rule->error;
	int ret = 0;

	/* A session's calls wait where a cancellation can end the wait. */
	if (rule && (!has_buffer(request->number) || (fails && !rule->served)))
		obey(rule, 0, 0);
	if (!fails || rule->served)
		ret = answer(request);
	if (rule)
		patch(request);
	if (write_memory(getpid(), request->address, &request->arg,
			 request->length) &&
	    ret >= 0)
		ret = -EFAULT;
	if (fails) {
		if (creates_descriptor(request->number) && ret > 0)
			close(ret);
		return -rule->error;
	}
	return rule && rule->result ? rule->result : ret;
}

int device_ioctl(uint32_t object, uint64_t request, void *argument)
{
	struct request made = { .number = request, .object = object };
	struct stand_in_call *call;
	int ret;

	if (!stand_in_is_alive(object) ||
	    state->objects[object].kind != STAND_IN_DEVICE)
		return -ENOTTY;
	ret = fetch(&made, argument);
	call = note(request, (int)object, &made.arg, ret ? 0 : made.length);
	if (!ret) {
		made.rule = take_rule(request);
		ret = serve(&made);
	}
	call->result = ret;
	return ret;
}

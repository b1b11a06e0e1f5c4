// SPDX-License-Identifier: BSD-2-Clause
/*
 * What Python calls to make a call. Each sets and sends at once, so that a call
 * crosses between the languages only once. All but call_open_session() return
 * false if the call succeeded, and nobody has to look.
 */

static bool invoke(struct call *call)
{
	return call->timeout ? make_elsewhere(call) : invoke_here(call);
}

static bool call_invoke(struct call *call, uint32_t command, uint32_t types)
{
	call->command = command;
	call->types = types;
	return invoke(call);
}

/* The same with one parameter: two numbers, */
static bool call_invoke_value(struct call *call, uint32_t command, uint32_t a,
			      uint32_t b)
{
	call->command = command;
	call->types = TEEC_VALUE_INOUT;
	call->operation.params[0].value.a = a;
	call->operation.params[0].value.b = b;
	return invoke(call);
}

/* or memory, */
static bool call_invoke_memory(struct call *call, uint32_t command,
			       void *buffer, size_t size)
{
	call->command = command;
	call->types = TEEC_MEMREF_TEMP_INOUT;
	call->operation.params[0].tmpref.buffer = buffer;
	call->operation.params[0].tmpref.size = size;
	return invoke(call);
}

/* or a block. */
static bool call_invoke_block(struct call *call, uint32_t command,
			      TEEC_SharedMemory *block)
{
	call->command = command;
	call->types = TEEC_MEMREF_WHOLE;
	call->operation.params[0].memref.parent = block;
	/* Or else an earlier call's size stays, if the driver returns none. */
	call->operation.params[0].memref.size = block->size;
	return invoke(call);
}

/* Sends the command once more, with the parameters that were given first. */
static bool call_repeat(struct call *call)
{
	memcpy(call->operation.params, call->given, sizeof(call->given));
	return invoke(call);
}

/* Opens a session; true if it is open, and came back in time. */
static bool call_open_session(struct call *call, uint32_t types)
{
	call->types = types;
	call->outcome = CALL_CAME_BACK;
	if (call->timeout)
		make_elsewhere(call);
	else
		open_here(call);
	return call->outcome == CALL_CAME_BACK && !call->result;
}

// SPDX-License-Identifier: BSD-2-Clause
#include <compiler.h>
#include <string.h>
#include <tee_internal_api.h>

#include "conformance_ta.h"

static uint32_t type_of(uint32_t types, unsigned int slot)
{
	return TEE_PARAM_TYPE_GET(types, slot);
}

static bool is_memref(uint32_t type)
{
	return type == TEE_PARAM_TYPE_MEMREF_INPUT ||
	       type == TEE_PARAM_TYPE_MEMREF_OUTPUT ||
	       type == TEE_PARAM_TYPE_MEMREF_INOUT;
}

static bool is_written_memref(uint32_t type)
{
	return type == TEE_PARAM_TYPE_MEMREF_OUTPUT ||
	       type == TEE_PARAM_TYPE_MEMREF_INOUT;
}

static bool is_read_memref(uint32_t type)
{
	return type == TEE_PARAM_TYPE_MEMREF_INPUT ||
	       type == TEE_PARAM_TYPE_MEMREF_INOUT;
}

/* A null memref may carry a size: there are no bytes behind it all the same. */
static size_t readable_size(const TEE_Param *param)
{
	return param->memref.buffer ? param->memref.size : 0;
}

static void set_value(TEE_Param *param, uint32_t a, uint32_t b)
{
	param->value.a = a;
	param->value.b = b;
}

static void fill(TEE_Param *param, unsigned int slot)
{
	uint8_t *bytes = param->memref.buffer;
	size_t size = readable_size(param);
	size_t n = 0;

	for (n = 0; n < size; n++)
		bytes[n] = 16 * slot + n;
}

static void set_value_outputs(uint32_t types, TEE_Param *params, uint32_t a,
			      uint32_t b)
{
	unsigned int slot = 0;

	for (slot = 0; slot < TEE_NUM_PARAMS; slot++)
		if (type_of(types, slot) == TEE_PARAM_TYPE_VALUE_OUTPUT)
			set_value(params + slot, a, b);
}

static void invert_value_inouts(uint32_t types, TEE_Param *params)
{
	unsigned int slot = 0;

	for (slot = 0; slot < TEE_NUM_PARAMS; slot++)
		if (type_of(types, slot) == TEE_PARAM_TYPE_VALUE_INOUT)
			set_value(params + slot, ~params[slot].value.a,
				  ~params[slot].value.b);
}

static TEE_Result values(uint32_t types, TEE_Param *params)
{
	unsigned int slot = 0;
	uint32_t a = 0;
	uint32_t b = 0;

	for (slot = 0; slot < TEE_NUM_PARAMS; slot++) {
		switch (type_of(types, slot)) {
		case TEE_PARAM_TYPE_NONE:
		case TEE_PARAM_TYPE_VALUE_OUTPUT:
			break;
		case TEE_PARAM_TYPE_VALUE_INPUT:
		case TEE_PARAM_TYPE_VALUE_INOUT:
			a += params[slot].value.a;
			b += params[slot].value.b;
			break;
		default:
			return TEE_ERROR_BAD_PARAMETERS;
		}
	}

	for (slot = 0; slot < TEE_NUM_PARAMS; slot++)
		if (type_of(types, slot) == TEE_PARAM_TYPE_VALUE_OUTPUT)
			set_value(params + slot, a + slot, b + slot);
	invert_value_inouts(types, params);

	return TEE_SUCCESS;
}

static TEE_Result memref_xor(uint32_t types, TEE_Param *params)
{
	unsigned int slot = 0;
	uint8_t *bytes = NULL;
	size_t size = 0;
	size_t n = 0;

	for (slot = 0; slot < TEE_NUM_PARAMS; slot++) {
		if (type_of(types, slot) != TEE_PARAM_TYPE_MEMREF_INOUT)
			continue;
		bytes = params[slot].memref.buffer;
		size = readable_size(params + slot);
		for (n = 0; n < size; n++)
			bytes[n] ^= 0xA5 + slot;
	}

	return TEE_SUCCESS;
}

static TEE_Result memref_fill(uint32_t types, TEE_Param *params)
{
	unsigned int slot = 0;

	for (slot = 0; slot < TEE_NUM_PARAMS; slot++)
		if (is_written_memref(type_of(types, slot)))
			fill(params + slot, slot);

	return TEE_SUCCESS;
}

static TEE_Result memref_checksum(uint32_t types, TEE_Param *params)
{
	const uint8_t *bytes = NULL;
	unsigned int slot = 0;
	uint32_t position = 0;
	uint32_t sum = 0;
	size_t size = 0;
	size_t n = 0;

	for (slot = 0; slot < TEE_NUM_PARAMS; slot++) {
		if (!is_read_memref(type_of(types, slot)))
			continue;
		bytes = params[slot].memref.buffer;
		size = readable_size(params + slot);
		for (n = 0; n < size; n++)
			sum += ++position * bytes[n];
	}
	set_value_outputs(types, params, sum, position);

	return TEE_SUCCESS;
}

static TEE_Result set_size(uint32_t types, TEE_Param *params)
{
	unsigned int slot = 0;

	if (type_of(types, 0) != TEE_PARAM_TYPE_VALUE_INPUT)
		return TEE_ERROR_BAD_PARAMETERS;

	for (slot = 0; slot < TEE_NUM_PARAMS; slot++)
		if (is_written_memref(type_of(types, slot)))
			params[slot].memref.size = params[0].value.b;
	set_value_outputs(types, params, 0x11111111, 0x22222222);
	invert_value_inouts(types, params);

	return params[0].value.a;
}

static TEE_Result wait(uint32_t types, TEE_Param *params)
{
	TEE_Result res = TEE_SUCCESS;

	if (type_of(types, 0) != TEE_PARAM_TYPE_VALUE_INPUT)
		return TEE_ERROR_BAD_PARAMETERS;

	if (params[0].value.b == 1)
		TEE_UnmaskCancellation();
	res = TEE_Wait(params[0].value.a);
	if (type_of(types, 1) == TEE_PARAM_TYPE_VALUE_OUTPUT)
		set_value(params + 1, TEE_GetCancellationFlag(), 0);

	return res;
}

static uint32_t milliseconds_since(const TEE_Time *begin)
{
	TEE_Time now = { };

	TEE_GetSystemTime(&now);
	return (now.seconds - begin->seconds) * 1000 + now.millis -
	       begin->millis;
}

static TEE_Result compute(uint32_t types, TEE_Param *params)
{
	uint32_t milliseconds = params[0].value.a;
	TEE_Time begin = { };

	if (type_of(types, 1) == TEE_PARAM_TYPE_MEMREF_INOUT &&
	    readable_size(params + 1))
		*(volatile uint8_t *)params[1].memref.buffer = 1;
	TEE_GetSystemTime(&begin);
	do {
		if (TEE_GetCancellationFlag())
			return TEE_ERROR_CANCEL;
	} while (milliseconds_since(&begin) < milliseconds);

	return TEE_SUCCESS;
}

static TEE_Result compute_for(uint32_t types, TEE_Param *params)
{
	if (type_of(types, 0) != TEE_PARAM_TYPE_VALUE_INPUT)
		return TEE_ERROR_BAD_PARAMETERS;

	if (params[0].value.b == 1)
		TEE_UnmaskCancellation();

	return compute(types, params);
}

static TEE_Result wait_and_xor(uint32_t types, TEE_Param *params)
{
	TEE_Result res = TEE_SUCCESS;

	if (type_of(types, 0) != TEE_PARAM_TYPE_VALUE_INPUT)
		return TEE_ERROR_BAD_PARAMETERS;

	res = TEE_Wait(params[0].value.a);
	if (res)
		return res;
	memref_checksum(types, params);

	return memref_xor(types, params);
}

static TEE_Result panic(uint32_t types, TEE_Param *params)
{
	if (type_of(types, 0) == TEE_PARAM_TYPE_VALUE_INPUT)
		TEE_Panic(params[0].value.a);
	TEE_Panic(0);

	return TEE_ERROR_GENERIC;
}

static TEE_Result identity(uint32_t types, TEE_Param *params)
{
	TEE_Identity client = { };
	TEE_Result res = TEE_SUCCESS;
	bool fits = false;

	if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT,
				     TEE_PARAM_TYPE_MEMREF_OUTPUT,
				     TEE_PARAM_TYPE_NONE,
				     TEE_PARAM_TYPE_NONE))
		return TEE_ERROR_BAD_PARAMETERS;

	res = TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT,
					"gpd.client.identity", &client);
	if (res)
		return res;

	params[0].value.a = client.login;
	fits = readable_size(params + 1) >= sizeof(client.uuid);
	params[1].memref.size = sizeof(client.uuid);
	if (!fits)
		return TEE_ERROR_SHORT_BUFFER;
	memcpy(params[1].memref.buffer, &client.uuid, sizeof(client.uuid));

	return TEE_SUCCESS;
}

static TEE_Result memref_look(uint32_t types, TEE_Param *params)
{
	unsigned int slot = 0;
	uint32_t mask = 0;

	for (slot = 0; slot < TEE_NUM_PARAMS; slot++) {
		if (!is_memref(type_of(types, slot)))
			continue;
		mask |= 1 << (4 * slot);
		if (params[slot].memref.buffer)
			mask |= 2 << (4 * slot);
		if (params[slot].memref.size)
			mask |= 4 << (4 * slot);
	}
	set_value_outputs(types, params, mask, types);

	return TEE_SUCCESS;
}

TEE_Result TA_CreateEntryPoint(void)
{
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types,
				    TEE_Param params[TEE_NUM_PARAMS],
				    void **session __unused)
{
	bool told = type_of(types, 0) == TEE_PARAM_TYPE_VALUE_INPUT;
	unsigned int slot = 0;

	if (told && params[0].value.b == CONFORMANCE_OPEN_PANIC)
		TEE_Panic(params[0].value.a);

	for (slot = 0; slot < TEE_NUM_PARAMS; slot++) {
		if (type_of(types, slot) == TEE_PARAM_TYPE_VALUE_OUTPUT)
			set_value(params + slot, CONFORMANCE_OPEN_MARK, slot);
		if (type_of(types, slot) == TEE_PARAM_TYPE_MEMREF_OUTPUT)
			fill(params + slot, slot);
	}

	if (told && params[0].value.b == CONFORMANCE_OPEN_WAIT) {
		TEE_UnmaskCancellation();
		return TEE_Wait(params[0].value.a);
	}
	if (told && params[0].value.b == CONFORMANCE_OPEN_WAIT_MASKED)
		return TEE_Wait(params[0].value.a);
	if (told && params[0].value.b == CONFORMANCE_OPEN_COMPUTE)
		return compute(types, params);
	return told ? params[0].value.a : TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *session __unused)
{
}

TEE_Result TA_InvokeCommandEntryPoint(void *session __unused, uint32_t command,
				      uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	switch (command) {
	case CONFORMANCE_NOTHING:
		return TEE_SUCCESS;
	case CONFORMANCE_VALUES:
		return values(types, params);
	case CONFORMANCE_MEMREF_XOR:
		return memref_xor(types, params);
	case CONFORMANCE_MEMREF_FILL:
		return memref_fill(types, params);
	case CONFORMANCE_MEMREF_CHECKSUM:
		return memref_checksum(types, params);
	case CONFORMANCE_SET_SIZE:
		return set_size(types, params);
	case CONFORMANCE_WAIT:
		return wait(types, params);
	case CONFORMANCE_PANIC:
		return panic(types, params);
	case CONFORMANCE_IDENTITY:
		return identity(types, params);
	case CONFORMANCE_MEMREF_LOOK:
		return memref_look(types, params);
	case CONFORMANCE_WAIT_AND_XOR:
		return wait_and_xor(types, params);
	case CONFORMANCE_FILL_AND_SET_SIZE:
		memref_fill(types, params);
		return set_size(types, params);
	case CONFORMANCE_COMPUTE:
		return compute_for(types, params);
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}

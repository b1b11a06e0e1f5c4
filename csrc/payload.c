// SPDX-License-Identifier: BSD-2-Clause
/*
 * A payload: the parameters of an operation as the kernel wants them, with the
 * blocks by which the TEE reaches temporary memory during the call.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

_Static_assert(TEEC_VALUE_INPUT == TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT &&
		       TEEC_VALUE_OUTPUT ==
			       TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT &&
		       TEEC_VALUE_INOUT ==
			       TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT &&
		       TEEC_MEMREF_TEMP_INPUT ==
			       TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT &&
		       TEEC_MEMREF_TEMP_OUTPUT ==
			       TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT &&
		       TEEC_MEMREF_TEMP_INOUT ==
			       TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT,
	       "parameter types are the kernel's where it has them");

/* Set in the types of registered memory, not in those of temporary memory. */
#define REGISTERED_BIT 0x8
#define MEMREF_BIT 0x4

/*
 * From this size on, sharing pages for one call costs less than copying them
 * there and back. Measured with OP-TEE: a call with 2 MiB takes 606 000
 * instructions with copies and 596 000 in place; with 4 MiB, 1 135 000 and
 * 1 065 000.
 */
#define IN_PLACE_SIZE ((size_t)2 << 20)

static bool is_output(uint64_t attr)
{
	return attr & TEEC_MEM_OUTPUT;
}

/*
 * Gives the TEE a copy of size bytes at buffer. Outputs are copied too, so that
 * what the Trusted Application does not write comes back unchanged.
 */
static TEEC_Result prepare_bounced(struct tee_context *context, void *buffer,
				   size_t size, struct tee_ioctl_param *param,
				   struct tee_bounce *bounce, int *error)
{
	int ret;

	ret = tee_bounce_pool_take(context, size, &bounce->copy);
	if (ret) {
		*error = -ret;
		return tee_result_from_errno(-ret);
	}
	bounce->buffer = buffer;
	bounce->size = size;
	tee_copy(bounce->copy->block.address, buffer, size);
	param->a = 0;
	param->b = size;
	param->c = (uint32_t)bounce->copy->block.id;
	return TEEC_SUCCESS;
}

/*
 * True if the TEE was given the memory itself for this call. That takes whole
 * pages, many of them, and a client that lets the TEE write them.
 */
static bool prepare_in_place(struct tee_context *context,
			     const TEEC_TempMemoryReference *memref,
			     struct tee_ioctl_param *param,
			     struct tee_bounce *bounce)
{
	struct tee_block block = { .fd = -1 };

	if (bounce->must_copy || !context->reg_mem || !is_output(param->attr) ||
	    memref->size < IN_PLACE_SIZE ||
	    !tee_pages_are_whole(memref->buffer, memref->size))
		return false;
	if (tee_block_register(context, memref->buffer, memref->size, &block))
		return false;
	/* A child of a fork has to find it. */
	if (tee_context_hold(context, &block, &bounce->in_place)) {
		tee_block_release(context, &block);
		return false;
	}
	bounce->is_in_place = true;
	param->a = 0;
	param->b = memref->size;
	param->c = (uint32_t)block.id;
	return true;
}

static TEEC_Result prepare_temporary(struct tee_context *context,
				     const TEEC_TempMemoryReference *memref,
				     struct tee_ioctl_param *param,
				     struct tee_bounce *bounce, int *error)
{
	if (memref->buffer) {
		if (prepare_in_place(context, memref, param, bounce))
			return TEEC_SUCCESS;
		return prepare_bounced(context, memref->buffer, memref->size,
				       param, bounce, error);
	}
	if (memref->size)
		return TEEC_ERROR_BAD_PARAMETERS;
	/* Only a null memref reaches the Trusted Application without a buffer. */
	if (!context->memref_null)
		return TEEC_ERROR_NOT_SUPPORTED;
	param->a = 0;
	param->b = 0;
	param->c = TEE_MEMREF_NULL;
	return TEEC_SUCCESS;
}

static TEEC_Result prepare_shared(struct tee_context *context,
				  const TEEC_SharedMemory *memory,
				  size_t offset, size_t size,
				  struct tee_ioctl_param *param,
				  struct tee_bounce *bounce, int *error)
{
	if (!tee_memory_is_in_place(memory))
		return prepare_bounced(context, (char *)memory->buffer + offset,
				       size, param, bounce, error);
	/* OP-TEE refuses an offset at the block's end, even for no bytes. */
	param->a = size ? offset : 0;
	param->b = size;
	param->c = (uint32_t)memory->imp.id;
	return TEEC_SUCCESS;
}

static TEEC_Result prepare_whole(struct tee_context *context,
				 const TEEC_RegisteredMemoryReference *memref,
				 struct tee_ioctl_param *param,
				 struct tee_bounce *bounce, int *error)
{
	const TEEC_SharedMemory *parent = memref->parent;
	uint32_t directions;

	if (!parent || !tee_memory_is_live(context, parent))
		return TEEC_ERROR_BAD_PARAMETERS;
	directions = parent->flags & (TEEC_MEM_INPUT | TEEC_MEM_OUTPUT);
	if (!directions)
		return TEEC_ERROR_BAD_PARAMETERS;
	param->attr = MEMREF_BIT | directions;
	return prepare_shared(context, parent, 0, parent->size, param, bounce,
			      error);
}

static TEEC_Result prepare_partial(struct tee_context *context,
				   const TEEC_RegisteredMemoryReference *memref,
				   struct tee_ioctl_param *param,
				   struct tee_bounce *bounce, int *error)
{
	const TEEC_SharedMemory *parent = memref->parent;
	uint32_t directions;

	if (!parent || !tee_memory_is_live(context, parent))
		return TEEC_ERROR_BAD_PARAMETERS;
	directions = param->attr & (TEEC_MEM_INPUT | TEEC_MEM_OUTPUT);
	if (directions & ~parent->flags)
		return TEEC_ERROR_BAD_PARAMETERS;
	/* The kernel checks against its own block, which may be larger. */
	if (memref->offset > parent->size ||
	    memref->size > parent->size - memref->offset)
		return TEEC_ERROR_BAD_PARAMETERS;
	param->attr = MEMREF_BIT | directions;
	return prepare_shared(context, parent, memref->offset, memref->size,
			      param, bounce, error);
}

static TEEC_Result fill_slot(struct tee_context *context, uint32_t type,
			     const TEEC_Parameter *parameter,
			     struct tee_ioctl_param *param,
			     struct tee_bounce *bounce, int *error)
{
	param->attr = type;
	switch (type) {
	case TEEC_NONE:
	case TEEC_VALUE_OUTPUT:
		return TEEC_SUCCESS;
	case TEEC_VALUE_INPUT:
	case TEEC_VALUE_INOUT:
		param->a = parameter->value.a;
		param->b = parameter->value.b;
		return TEEC_SUCCESS;
	case TEEC_MEMREF_TEMP_INPUT:
	case TEEC_MEMREF_TEMP_OUTPUT:
	case TEEC_MEMREF_TEMP_INOUT:
		return prepare_temporary(context, &parameter->tmpref, param,
					 bounce, error);
	case TEEC_MEMREF_WHOLE:
		return prepare_whole(context, &parameter->memref, param, bounce,
				     error);
	case TEEC_MEMREF_PARTIAL_INPUT:
	case TEEC_MEMREF_PARTIAL_OUTPUT:
	case TEEC_MEMREF_PARTIAL_INOUT:
		return prepare_partial(context, &parameter->memref, param,
				       bounce, error);
	default:
		return TEEC_ERROR_BAD_PARAMETERS;
	}
}

static TEEC_Result prepare_slot(struct tee_context *context, uint32_t type,
				const TEEC_Parameter *parameter,
				struct tee_ioctl_param *param,
				struct tee_bounce *bounce, int *error)
{
	TEEC_Result result;

	result = fill_slot(context, type, parameter, param, bounce, error);
	bounce->attr = param->attr;
	bounce->is_registered = type & REGISTERED_BIT;
	return result;
}

TEEC_Result tee_payload_prepare(struct tee_context *context,
				const TEEC_Operation *operation, bool in_place,
				struct tee_ioctl_param *params,
				struct tee_payload *payload, int *error)
{
	TEEC_Result result;
	uint32_t types;
	size_t i;

	payload->slots = 0;
	if (!operation)
		return TEEC_SUCCESS;
	types = operation->paramTypes;
	if (types >> (4 * TEEC_CONFIG_PAYLOAD_REF_COUNT))
		return TEEC_ERROR_BAD_PARAMETERS;

	for (i = 0; types; i++, types >>= 4) {
		memset(&payload->bounces[i], 0, sizeof(payload->bounces[i]));
		payload->bounces[i].must_copy = !in_place;
		payload->slots = i + 1;
		result = prepare_slot(context, TEEC_PARAM_TYPE_GET(types, 0),
				      &operation->params[i], &params[i],
				      &payload->bounces[i], error);
		if (result != TEEC_SUCCESS)
			goto err_release;
	}
	return TEEC_SUCCESS;

err_release:
	tee_payload_release(context, payload);
	return result;
}

static size_t to_size(uint64_t size)
{
	return size > SIZE_MAX ? SIZE_MAX : (size_t)size;
}

/*
 * A size larger than the buffer says how much the Trusted Application needs.
 * The bytes that it did write are fetched all the same: programs read the start
 * of a datagram this way, and memory that is not copied has them there too.
 */
static void fetch(const struct tee_bounce *bounce, size_t size)
{
	if (size > bounce->size)
		size = bounce->size;
	tee_copy(bounce->buffer, bounce->copy->block.address, size);
}

static void update_slot(TEEC_Parameter *parameter,
			const struct tee_ioctl_param *param,
			const struct tee_bounce *bounce)
{
	if (!is_output(bounce->attr))
		return;
	if (!(bounce->attr & MEMREF_BIT)) {
		parameter->value.a = (uint32_t)param->a;
		parameter->value.b = (uint32_t)param->b;
		return;
	}
	if (bounce->copy)
		fetch(bounce, to_size(param->b));
	if (bounce->is_registered)
		parameter->memref.size = to_size(param->b);
	else
		parameter->tmpref.size = to_size(param->b);
}

void tee_payload_update(TEEC_Operation *operation,
			const struct tee_ioctl_param *params,
			const struct tee_payload *payload)
{
	size_t i;

	if (!operation)
		return;
	for (i = 0; i < payload->slots; i++)
		update_slot(&operation->params[i], &params[i],
			    &payload->bounces[i]);
}

void tee_payload_release(struct tee_context *context,
			 struct tee_payload *payload)
{
	struct tee_bounce *bounce;
	struct tee_block block;
	size_t i = payload->slots;

	while (i--) {
		bounce = &payload->bounces[i];
		if (bounce->copy)
			tee_bounce_pool_put(context, bounce->copy,
					    bounce->size);
		if (bounce->is_in_place &&
		    tee_context_release(context, bounce->in_place, &block))
			tee_block_release(context, &block);
	}
}

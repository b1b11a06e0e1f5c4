// SPDX-License-Identifier: BSD-2-Clause
/*
 * One instance for one session at a time. Any command with a VALUE_OUTPUT in
 * slot 0 counts the commands of the instance there, which begins anew when its
 * session is closed; with a VALUE_INPUT it waits so many milliseconds.
 */
#include <compiler.h>
#include <tee_internal_api.h>

static uint32_t count;

TEE_Result TA_CreateEntryPoint(void)
{
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types __unused,
				    TEE_Param params[TEE_NUM_PARAMS] __unused,
				    void **session __unused)
{
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *session __unused)
{
}

TEE_Result TA_InvokeCommandEntryPoint(void *session __unused,
				      uint32_t command __unused, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	if (TEE_PARAM_TYPE_GET(types, 0) == TEE_PARAM_TYPE_VALUE_INPUT)
		return TEE_Wait(params[0].value.a);
	if (TEE_PARAM_TYPE_GET(types, 0) != TEE_PARAM_TYPE_VALUE_OUTPUT)
		return TEE_ERROR_BAD_PARAMETERS;
	params[0].value.a = ++count;
	params[0].value.b = 0;

	return TEE_SUCCESS;
}

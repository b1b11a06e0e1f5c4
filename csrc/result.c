// SPDX-License-Identifier: BSD-2-Clause
/* The codes of system calls that failed. */
#include <errno.h>

#include "internal.h"

TEEC_Result tee_result_from_errno(int error)
{
	switch (error) {
	case ENOMEM:
		return TEEC_ERROR_OUT_OF_MEMORY;
	case EINVAL:
		return TEEC_ERROR_BAD_PARAMETERS;
	default:
		return TEEC_ERROR_GENERIC;
	}
}

TEEC_Result tee_result_from_open_errno(int error)
{
	switch (error) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return TEEC_ERROR_ITEM_NOT_FOUND;
	case EACCES:
	case EPERM:
		return TEEC_ERROR_ACCESS_DENIED;
	case EBUSY:
		return TEEC_ERROR_BUSY;
	case ENOTTY:
		return TEEC_ERROR_BAD_PARAMETERS;
	case EOPNOTSUPP:
		return TEEC_ERROR_NOT_SUPPORTED;
	default:
		return tee_result_from_errno(error);
	}
}

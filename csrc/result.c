// SPDX-License-Identifier: BSD-2-Clause
/* The code of a system call that failed. */
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* What OP-TEE's library adds to the GlobalPlatform TEE Client API. */
#ifndef TEE_CLIENT_API_EXTENSIONS_H
#define TEE_CLIENT_API_EXTENSIONS_H

#include "tee_client_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Shares the memory behind a dma-buf descriptor of the TEE's own heaps, in the
 * directions of sharedMem->flags; sets size, and buffer to NULL as nothing is
 * mapped. fd stays the caller's.
 *
 * Fails with NOT_SUPPORTED where the kernel has no such call, BAD_PARAMETERS
 * for a descriptor that can't be shared.
 */
TEEC_Result TEEC_RegisterSharedMemoryFileDescriptor(TEEC_Context *context,
						    TEEC_SharedMemory *sharedMem,
						    int fd);

#ifdef __cplusplus
}
#endif

#endif

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
 * directions of sharedMem->flags. Sets size; sets buffer to NULL, as nothing is
 * mapped. The caller keeps fd.
 *
 * Fails with NOT_SUPPORTED if the kernel lacks this call, and with
 * BAD_PARAMETERS if the descriptor can't be shared.
 *
 * Threads: sharedMem is the caller's alone until the function returns.
 */
TEEC_Result TEEC_RegisterSharedMemoryFileDescriptor(TEEC_Context *context,
						    TEEC_SharedMemory *sharedMem,
						    int fd);

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: BSD-2-Clause
/* What libasteec answers, whose Trusted Application is not in every OP-TEE. */
#include <stdio.h>
#include <stdlib.h>

#include <asteec.h>

int main(void)
{
	uint8_t sealed[128] = { 0 }, plain[64] = { 0 };
	size_t sealed_size = sizeof(sealed), plain_size = sizeof(plain);

	printf("asteec_seal: %#x\n",
	       asteec_seal(TEEC_LOGIN_PUBLIC, 0, "secret", 6, sealed,
			   &sealed_size));
	printf("asteec_unseal: %#x\n",
	       asteec_unseal(TEEC_LOGIN_PUBLIC, 0, sealed, sealed_size, plain,
			     &plain_size));
	return EXIT_SUCCESS;
}

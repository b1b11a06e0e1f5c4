// SPDX-License-Identifier: BSD-2-Clause
/* What libseteec answers on a machine without a secure element. */
#include <stdio.h>
#include <stdlib.h>

#include <se_tee.h>

int main(void)
{
	unsigned char header[5] = { 0 }, response[16];
	size_t size = sizeof(response);

	printf("se_scp03_enable: %#x\n", (unsigned int)se_scp03_enable());
	printf("se_apdu_request: %#x\n",
	       (unsigned int)se_apdu_request(SE_APDU_CASE_1, header,
					     sizeof(header), NULL, 0, response,
					     &size));
	return EXIT_SUCCESS;
}

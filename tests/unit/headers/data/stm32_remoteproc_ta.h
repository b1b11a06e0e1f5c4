/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What boards with STM32MP have for the firmware of their other processors, in
 * our words, and in the style of vendors: enumerations, and typedefs.
 */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

static const TEEC_UUID ta_remoteproc_uuid = {
	.timeLow = 0x80a4c275, .timeMid = 0x0a47, .timeHiAndVersion = 0x4905,
	.clockSeqAndNode = { 0x82, 0x85, 0x14, 0x86, 0xa9, 0x77, 0x1a, 0x08 },
};

typedef enum {
	/* Take and check a firmware. */
	TA_RPROC_CMD_LOAD_FW = 1,
	TA_RPROC_CMD_START_FW,		/* let the processor run */
	TA_RPROC_CMD_STOP_FW,
	TA_RPROC_CMD_GET_RSC_TABLE,
	TA_RPROC_CMD_GET_COREDUMP,
	TA_RPROC_CMD_RELEASE_FW,
	TA_RPROC_CMD_MAX,
} ta_rproc_command_t;

/* Where the table of resources is. */
typedef struct ta_rproc_table {
	uint64_t address;
	uint64_t size;
} ta_rproc_table_t;

#ifdef __cplusplus
}
#endif

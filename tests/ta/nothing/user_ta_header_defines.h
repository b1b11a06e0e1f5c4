/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#include "nothing_ta.h"

#define TA_UUID		NOTHING_UUID
/* One instance, or a thousand sessions would need a thousand times its memory. */
#define TA_FLAGS	(TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION)
#define TA_STACK_SIZE	(4 * 1024)
#define TA_DATA_SIZE	(32 * 1024)
#define TA_VERSION	"1.0"
#define TA_DESCRIPTION	"pytee_client: does nothing, whatever it is told"

#endif

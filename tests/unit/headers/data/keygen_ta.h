/* SPDX-License-Identifier: BSD-2-Clause */
/* Words in another order, and more than one thing in a header; in our words. */
#ifndef KEYGEN_H
#define KEYGEN_H

#define KEYGEN_TA_UUID "ab201cb2-177d-11e8-b642-0ed5f89f718b"
#define KEY_MAX_NAME	64
#define KEY_LABEL	"label"
#define KEY_ERROR_LOCKED	0x80000100
#define KEY_ERROR_EMPTY	(KEY_ERROR_LOCKED | 1)

#define KEY_GEN_CMD		0
#define KEY_OPEN_CMD		1
#define KEY_CLOSE_CMD		0x2UL

/* How a key may be used. */
enum key_usage_flags {
	KEY_USAGE_SIGN = 1 << 0,
	KEY_USAGE_DERIVE = 1 << 3,
};

struct key_attribute {
	uint8_t id;
	uint32_t value;
} __attribute__((packed));

struct key_info {
	char name[KEY_MAX_NAME];	/* ends with a zero */
	enum key_usage_flags usage;
	uint16_t sizes[2][3];
	struct key_attribute first;
	u64 created;
	uint8_t digest[32];
	bool is_locked;
	unsigned int reserved, more[4];
	struct key_attribute rest[];
};

struct key_internal {
	struct key_info *info;
	size_t count;
};

#endif

// SPDX-License-Identifier: BSD-2-Clause
/*
 * A wallet, whose header is made of its declaration in tests/support/wallet.py.
 * Each session has an amount, from which transfers take.
 */
#include <compiler.h>
#include <tee_internal_api.h>

#include "wallet_ta.h"

#define MOST_ENTRIES	16

static const char greeting[] = "hello ";

struct wallet {
	uint64_t amount;
	bool is_frozen;
	uint32_t count;
	struct wallet_entry entries[MOST_ENTRIES];
};

static uint64_t high_first(const TEE_Param *param)
{
	return (uint64_t)param->value.a << 32 | param->value.b;
}

static void set_high_first(TEE_Param *param, uint64_t number)
{
	param->value.a = number >> 32;
	param->value.b = number;
}

static void set_low_first(TEE_Param *param, uint64_t number)
{
	param->value.a = number;
	param->value.b = number >> 32;
}

/* A null memref may carry a size: there are no bytes behind it all the same. */
static size_t readable_size(const TEE_Param *param)
{
	return param->memref.buffer ? param->memref.size : 0;
}

/* Say how much an output has, and whether there is room for it. */
static TEE_Result set_size(TEE_Param *param, size_t size)
{
	size_t room = readable_size(param);

	param->memref.size = size;
	return size > room ? TEE_ERROR_SHORT_BUFFER : TEE_SUCCESS;
}

static TEE_Result add(struct wallet *wallet, TEE_Param *params)
{
	uint64_t amount = high_first(params);

	if (amount > UINT64_MAX - wallet->amount)
		return TEE_ERROR_OVERFLOW;
	wallet->amount += amount;
	set_high_first(params, wallet->amount);

	return TEE_SUCCESS;
}

static void remember(struct wallet *wallet,
		     const struct wallet_transfer *transfer)
{
	struct wallet_entry *entry = wallet->entries + wallet->count;
	bool is_gift = transfer->reason == WALLET_REASON_GIFT;
	const char *name = is_gift ? "gift" : "bill";

	wallet->amount -= transfer->amount;
	wallet->count++;

	TEE_MemFill(entry, 0, sizeof(*entry));
	entry->number = wallet->count;
	entry->transfer = *transfer;
	entry->left = wallet->amount;
	entry->halves[0] = transfer->amount >> 32;
	entry->halves[1] = transfer->amount;
	TEE_MemMove(entry->name, name, 4);
	entry->is_gift = is_gift;
}

static TEE_Result transfer(struct wallet *wallet, TEE_Param *params)
{
	struct wallet_transfer transfer = { };
	struct wallet_receipt receipt = { };
	TEE_Result res = TEE_SUCCESS;

	if (readable_size(params) != sizeof(transfer))
		return TEE_ERROR_BAD_PARAMETERS;
	TEE_MemMove(&transfer, params[0].memref.buffer, sizeof(transfer));
	if (transfer.reason != WALLET_REASON_GIFT &&
	    transfer.reason != WALLET_REASON_BILL)
		return TEE_ERROR_BAD_PARAMETERS;

	if (wallet->is_frozen)
		return WALLET_RESULT_FROZEN;
	if (transfer.amount > wallet->amount)
		return WALLET_RESULT_OVERDRAWN;
	if (wallet->count == MOST_ENTRIES)
		return WALLET_RESULT_FULL;
	res = set_size(params + 1, sizeof(receipt));
	if (res)
		return res;

	remember(wallet, &transfer);
	receipt.number = wallet->count;
	receipt.left = wallet->amount;
	TEE_MemMove(params[1].memref.buffer, &receipt, sizeof(receipt));

	return TEE_SUCCESS;
}

static TEE_Result get(TEE_Param *params)
{
	size_t length = sizeof(greeting) - 1;
	size_t size = readable_size(params);
	TEE_Result res = TEE_SUCCESS;
	uint8_t *text = NULL;

	res = set_size(params + 1, length + size);
	if (res)
		return res;
	text = params[1].memref.buffer;
	TEE_MemMove(text, greeting, length);
	TEE_MemMove(text + length, params[0].memref.buffer, size);

	return TEE_SUCCESS;
}

static TEE_Result list(struct wallet *wallet, TEE_Param *params)
{
	size_t size = wallet->count * sizeof(wallet->entries[0]);
	TEE_Result res = TEE_SUCCESS;
	uint64_t total = 0;
	uint32_t n = 0;

	for (n = 0; n < wallet->count; n++)
		total += wallet->entries[n].transfer.amount;
	res = set_size(params + 3, size);
	if (res)
		return res;
	TEE_MemMove(params[3].memref.buffer, wallet->entries, size);
	set_low_first(params + 1, total);

	return TEE_SUCCESS;
}

TEE_Result TA_CreateEntryPoint(void)
{
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types,
				    TEE_Param params[TEE_NUM_PARAMS],
				    void **session)
{
	struct wallet *wallet = NULL;

	if (types != WALLET_OPEN_PARAM_TYPES)
		return TEE_ERROR_BAD_PARAMETERS;
	wallet = TEE_Malloc(sizeof(*wallet), TEE_MALLOC_FILL_ZERO);
	if (!wallet)
		return TEE_ERROR_OUT_OF_MEMORY;
	wallet->amount = high_first(params);
	*session = wallet;

	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *session)
{
	TEE_Free(session);
}

/* The types that a command takes; any of one that there is not. */
static uint32_t types_of(uint32_t command, uint32_t types)
{
	switch (command) {
	case WALLET_CMD_COUNT:
		return WALLET_CMD_COUNT_PARAM_TYPES;
	case WALLET_CMD_ADD:
		return WALLET_CMD_ADD_PARAM_TYPES;
	case WALLET_CMD_TRANSFER:
		return WALLET_CMD_TRANSFER_PARAM_TYPES;
	case WALLET_CMD_FREEZE:
		return WALLET_CMD_FREEZE_PARAM_TYPES;
	case WALLET_CMD_GET:
		return WALLET_CMD_GET_PARAM_TYPES;
	case WALLET_CMD_LIST:
		return WALLET_CMD_LIST_PARAM_TYPES;
	default:
		return types;
	}
}

TEE_Result TA_InvokeCommandEntryPoint(void *session, uint32_t command,
				      uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	struct wallet *wallet = session;

	if (types != types_of(command, types))
		return TEE_ERROR_BAD_PARAMETERS;

	switch (command) {
	case WALLET_CMD_COUNT:
		set_high_first(params, wallet->count);
		return TEE_SUCCESS;
	case WALLET_CMD_ADD:
		return add(wallet, params);
	case WALLET_CMD_TRANSFER:
		return transfer(wallet, params);
	case WALLET_CMD_FREEZE:
		wallet->is_frozen = params[0].value.a;
		return TEE_SUCCESS;
	case WALLET_CMD_GET:
		return get(params);
	case WALLET_CMD_LIST:
		return list(wallet, params);
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}

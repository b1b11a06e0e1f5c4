// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bounce blocks: they stand in for memory that the TEE can't reach itself, or
 * must not. Sharing one costs more than the copies of most calls, so a context
 * keeps those that no call uses, most recently used first.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define SMALLEST_BLOCK ((size_t)4096)

/*
 * What a context keeps at most. The driver has little memory, which all programs
 * share; and each block that the TEE knows takes some of the TEE's own memory.
 */
#define IDLE_SIZE_REGISTERED ((size_t)4 << 20)
#define IDLE_SIZE_DRIVER ((size_t)256 << 10)
#define IDLE_BLOCKS 64

/* One for all contexts: it is held for a few steps in a list. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void tee_bounce_pool_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void tee_bounce_pool_after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

static size_t idle_limit(const struct tee_context *context)
{
	return context->reg_mem ? IDLE_SIZE_REGISTERED : IDLE_SIZE_DRIVER;
}

/* The size of the block for size bytes: a power of two if it can be kept. */
static size_t block_size(const struct tee_context *context, size_t size)
{
	size_t rounded = SMALLEST_BLOCK;

	if (size > idle_limit(context))
		return size;
	while (rounded < size)
		rounded *= 2;
	return rounded;
}

static void release_blocks(struct tee_context *context,
			   struct tee_bounce_block *blocks)
{
	struct tee_bounce_block *next;

	for (; blocks; blocks = next) {
		next = blocks->next;
		tee_block_release(context, &blocks->block);
		free(blocks);
	}
}

static struct tee_bounce_block *take_all_locked(struct tee_bounce_pool *pool)
{
	struct tee_bounce_block *blocks = pool->idle;

	pool->idle = NULL;
	pool->size = 0;
	pool->blocks = 0;
	return blocks;
}

static void add_busy_locked(struct tee_bounce_pool *pool,
			    struct tee_bounce_block *block)
{
	block->previous = NULL;
	block->next = pool->busy;
	if (block->next)
		block->next->previous = block;
	pool->busy = block;
}

static void remove_busy_locked(struct tee_bounce_pool *pool,
			       struct tee_bounce_block *block)
{
	if (block->next)
		block->next->previous = block->previous;
	if (block->previous)
		block->previous->next = block->next;
	else
		pool->busy = block->next;
}

static struct tee_bounce_block *take_locked(struct tee_bounce_pool *pool,
					    size_t size)
{
	struct tee_bounce_block **place, *block;

	for (place = &pool->idle; *place; place = &(*place)->next) {
		block = *place;
		if (block->block.mapped != size)
			continue;
		*place = block->next;
		pool->size -= size;
		pool->blocks--;
		return block;
	}
	return NULL;
}

/* Takes out the blocks unused for longest, until the rest is within limits. */
static struct tee_bounce_block *trim_locked(struct tee_bounce_pool *pool,
					    size_t limit)
{
	struct tee_bounce_block **place = &pool->idle, *trimmed;
	unsigned int blocks = 0;
	size_t size = 0;

	if (pool->size <= limit && pool->blocks <= IDLE_BLOCKS)
		return NULL;
	while (*place && blocks < IDLE_BLOCKS &&
	       size + (*place)->block.mapped <= limit) {
		size += (*place)->block.mapped;
		blocks++;
		place = &(*place)->next;
	}
	trimmed = *place;
	*place = NULL;
	pool->size = size;
	pool->blocks = blocks;
	return trimmed;
}

int tee_bounce_pool_take(struct tee_context *context, size_t size,
			 struct tee_bounce_block **block)
{
	struct tee_bounce_pool *pool = &context->bounce_pool;
	struct tee_bounce_block *taken, *inherited = NULL;
	int ret;

	size = block_size(context, size);
	pthread_mutex_lock(&lock);
	if (pool->idle && pool->idle->process != tee_process)
		inherited = take_all_locked(pool);
	taken = take_locked(pool, size);
	if (taken)
		add_busy_locked(pool, taken);
	pthread_mutex_unlock(&lock);
	release_blocks(context, inherited);
	if (taken)
		goto out;

	taken = calloc(1, sizeof(*taken));
	if (!taken)
		return -ENOMEM;
	ret = tee_block_allocate(context, size, true, &taken->block);
	if (ret) {
		free(taken);
		return ret;
	}
	taken->process = tee_process;
	pthread_mutex_lock(&lock);
	add_busy_locked(pool, taken);
	pthread_mutex_unlock(&lock);
out:
	*block = taken;
	return 0;
}

void tee_bounce_pool_put(struct tee_context *context,
			 struct tee_bounce_block *block, size_t used)
{
	struct tee_bounce_pool *pool = &context->bounce_pool;
	struct tee_bounce_block *surplus;

	tee_wipe(block->block.address, used);
	pthread_mutex_lock(&lock);
	remove_busy_locked(pool, block);
	if (block->process != tee_process ||
	    block->block.mapped > idle_limit(context)) {
		block->next = NULL;
		surplus = block;
	} else {
		block->next = pool->idle;
		pool->idle = block;
		pool->size += block->block.mapped;
		pool->blocks++;
		surplus = trim_locked(pool, idle_limit(context));
	}
	pthread_mutex_unlock(&lock);
	release_blocks(context, surplus);
}

bool tee_bounce_pool_empty(struct tee_context *context)
{
	struct tee_bounce_block *blocks;

	pthread_mutex_lock(&lock);
	blocks = take_all_locked(&context->bounce_pool);
	pthread_mutex_unlock(&lock);
	release_blocks(context, blocks);
	return blocks;
}

void tee_bounce_pool_leave(struct tee_context *context)
{
	struct tee_bounce_block *idle, *busy;

	pthread_mutex_lock(&lock);
	idle = take_all_locked(&context->bounce_pool);
	busy = context->bounce_pool.busy;
	context->bounce_pool.busy = NULL;
	pthread_mutex_unlock(&lock);
	release_blocks(context, idle);
	release_blocks(context, busy);
}

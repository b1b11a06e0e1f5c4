// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shared memory that threads share. A call is a user of the blocks in its
 * parameters from before it reads their ids until it is over. A block that is
 * closed takes no new users, and its sharing ends with the last: no call ever
 * meets the id of another block.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Beside the number of users. */
#define IS_CLOSED 0x80000000U

/* Set in the types of registered memory, not in those of temporary memory. */
#define REGISTERED_BITS 0x8888U

/*
 * view is where Python has mapped the driver's memory, if that is what is
 * shared. memory comes first: parameters have its address.
 */
struct shared_memory {
	TEEC_SharedMemory memory;
	const struct shared_context *context;
	void *view;
	size_t view_size;
	uint32_t users;
	bool has_ended;
	unsigned int process;
	int error;
};

/*
 * Replaces the driver's memory, where Python sees it, by a copy that is the
 * process's own, so that the driver has its memory back although views live.
 * Without memory for a copy the view stays as it is.
 */
static void keep_content(struct shared_memory *shared)
{
	void *copy;

	if (!shared->view)
		return;
	copy = mmap(NULL, shared->view_size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return;
	memcpy(copy, shared->view, shared->view_size);
	if (mremap(copy, shared->view_size, shared->view_size,
		   MREMAP_MAYMOVE | MREMAP_FIXED, shared->view) == MAP_FAILED)
		munmap(copy, shared->view_size);
	shared->view = NULL;
}

/* True once, for whoever comes first of several threads that close it. */
static bool may_end(struct shared_memory *shared)
{
	return !__atomic_exchange_n(&shared->has_ended, true, __ATOMIC_SEQ_CST);
}

/* In a child of the process that shared the memory. */
static void block_leave(struct shared_memory *shared)
{
	if (!may_end(shared))
		return;
	/* The program may have kept the memory from its children. */
	if (shared->view && !tee_pages_check(shared->view, shared->view_size, false))
		keep_content(shared);
	shared->view = NULL;
}

static void end_sharing(struct shared_memory *shared)
{
	if (!may_end(shared))
		return;
	keep_content(shared);
	if (shared->context && !is_inherited_copy(shared->context))
		TEEC_ReleaseSharedMemory(&shared->memory);
}

static bool block_use(struct shared_memory *shared)
{
	uint32_t users = __atomic_load_n(&shared->users, __ATOMIC_SEQ_CST);

	do
		if (users & IS_CLOSED)
			return false;
	while (!__atomic_compare_exchange_n(&shared->users, &users, users + 1,
					    true, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST));
	return true;
}

static void block_put(struct shared_memory *shared)
{
	if (__atomic_sub_fetch(&shared->users, 1, __ATOMIC_SEQ_CST) == IS_CLOSED)
		end_sharing(shared);
}

static void put_blocks(struct shared_memory *const *blocks, uint32_t types)
{
	size_t i;

	for (i = 0; types & REGISTERED_BITS; i++, types >>= 4)
		if (types & 0x8)
			block_put(blocks[i]);
}

/* Notes the blocks of an operation as used; false if one of them is closed. */
static bool use_blocks(const TEEC_Operation *operation, uint32_t types,
		       struct shared_memory **blocks)
{
	uint32_t used = 0, left = types;
	size_t i;

	for (i = 0; left & REGISTERED_BITS; i++, left >>= 4) {
		if (!(left & 0x8))
			continue;
		blocks[i] = (struct shared_memory *)
				    operation->params[i].memref.parent;
		if (!block_use(blocks[i])) {
			put_blocks(blocks, used);
			return false;
		}
		used |= 0x8U << (4 * i);
	}
	return true;
}

/* Each of these returns a result, and sets shared->error to the errno. */
static TEEC_Result end_of(struct shared_memory *shared, TEEC_Result result)
{
	shared->error = result ? errno : 0;
	return result;
}

static void prepare(struct shared_memory *shared,
		    const struct shared_context *context)
{
	begin_call();
	shared->context = context;
	shared->process = tee_process;
}

static TEEC_Result block_register(struct shared_memory *shared,
				  struct shared_context *context, bool in_place)
{
	prepare(shared, context);
	return end_of(shared, tee_memory_register(&context->context, &shared->memory,
						  in_place));
}

static TEEC_Result block_register_descriptor(struct shared_memory *shared,
					     struct shared_context *context, int fd)
{
	prepare(shared, context);
	return end_of(shared, TEEC_RegisterSharedMemoryFileDescriptor(
				      &context->context, &shared->memory, fd));
}

/*
 * Shares memory of the driver, and maps it over the pages of Python's at view
 * too. These are as many as the memory has.
 */
static TEEC_Result block_allocate(struct shared_memory *shared,
				  struct shared_context *context, void *view,
				  size_t view_size)
{
	TEEC_Result result;
	int error;

	prepare(shared, context);
	result = tee_memory_allocate(&context->context, &shared->memory);
	if (result != TEEC_SUCCESS)
		return end_of(shared, result);
	if (mmap(view, view_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 shared->memory.imp.fd, 0) == MAP_FAILED) {
		error = errno;
		TEEC_ReleaseSharedMemory(&shared->memory);
		errno = error;
		return end_of(shared, TEEC_ERROR_OUT_OF_MEMORY);
	}
	shared->view = view;
	shared->view_size = view_size;
	return end_of(shared, TEEC_SUCCESS);
}

/* Refuses new users. The caller keeps the view until the last one is gone. */
static void block_close(struct shared_memory *shared)
{
	uint32_t users;

	begin_call();
	users = __atomic_fetch_or(&shared->users, IS_CLOSED, __ATOMIC_SEQ_CST);
	/* A child of a fork lacks the threads of the calls. */
	if (!(users & ~IS_CLOSED) || shared->process != tee_process)
		end_sharing(shared);
}

/* True as soon as it takes no users, also while its sharing is ended. */
static bool block_is_closed(const struct shared_memory *shared)
{
	return __atomic_load_n(&shared->users, __ATOMIC_SEQ_CST) & IS_CLOSED;
}

static bool block_is_shared(const struct shared_memory *shared)
{
	return __atomic_load_n(&shared->memory.imp.kind, __ATOMIC_SEQ_CST) &&
	       !is_inherited_copy(shared->context);
}

/* For a block that nobody closed: nobody has its view any more. */
static void block_drop(struct shared_context *context, struct shared_memory *shared)
{
	PyObject *before = begin_destructor();

	if (!is_inherited_copy(context))
		TEEC_ReleaseSharedMemory(&shared->memory);
	end_destructor(before);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What walking over memory costs that was allocated at a level of fragmentation: how much
 * of it the kernel could still have in large blocks, and what that is worth. Memory of
 * each kind is allocated, walked over and freed, one after the other.
 */
#include <errno.h>

#include "frag_walks.h"

/* What is to be had in blocks of this size is worth a huge page. */
#define FRAG_WALK_UNIT		(2ULL << 20)
#define FRAG_WALK_PATTERN	"chase"
/*
 * Blocks as large as they come, blocks that vmalloc() replaces, and single pages. None
 * that is vmalloc()'s always: it keeps its page tables, which break blocks for good.
 */
#define FRAG_WALK_KINDS		"@(kmalloc|kvmalloc-2m|alloc_pages-0)"
/* Of these THP are wanted for one, and for the other they are not. */
#define FRAG_WALK_USER_KINDS	"anon-*"
#define FRAG_WALK_LAPS		3

static int walk_in_kernel(struct frag_walks *walks, const struct device *device,
			  uint64_t bytes, bool (*stopped)(void))
{
	const struct tlb_walks_options options = {
		.kind = FRAG_WALK_KINDS, .pattern = FRAG_WALK_PATTERN,
		.min_bytes = bytes, .max_bytes = bytes,
		.passes = 1, .warmup = 1, .share = 90, .stopped = stopped,
	};
	const struct tlb_walk *failed;
	int err = tlb_walks__select(&walks->kernel, device, &options);

	/* That there is no memory of any kind is a result. */
	if (!err)
		err = tlb_walks__run(&walks->kernel, device, &options, &failed);
	return err == -ENOMEM || err == -ENOSPC || err == -EOPNOTSUPP ? 0 : err;
}

static int walk_in_process(struct frag_walks *walks, uint64_t bytes, bool (*stopped)(void))
{
	const struct chase_options options = {
		.kind = FRAG_WALK_USER_KINDS, .pattern = FRAG_WALK_PATTERN,
		.min_bytes = bytes, .max_bytes = bytes, .laps = FRAG_WALK_LAPS,
		.stopped = stopped,
	};
	int err = chase__select(&walks->user, &options);

	return err ? err : chase__run(&walks->user);
}

/*
 * The file that holds the level corrects it after each request, also after one that is
 * only checked. Of memory that went to a process it has not heard.
 */
static int settle(const struct device *device)
{
	struct kmb_run run = {
		.iterations = 1, .size = 8, .share = 90, .flags = KMB_RUN_CHECK,
	};

	return device__run(device, &run);
}

/**
 * frag_walks__run() - walk
 * @walks: to be filled, all zero; needs frag_walks__free() also where this fails.
 * @device: the file that holds the level.
 * @bytes: how much memory of each kind; rounded down to 2 MiB, but for 0.
 * @stopped: asked before each walk; true ends all.
 *
 * Return: 0, also where some memory could not be had; -ECANCELED: it was stopped; or
 * another negative error, see tlb_walks__run() and chase__run().
 */
int frag_walks__run(struct frag_walks *walks, const struct device *device, uint64_t bytes,
		    bool (*stopped)(void))
{
	uint64_t whole = bytes / FRAG_WALK_UNIT * FRAG_WALK_UNIT;
	int err;

	whole = whole ? whole : FRAG_WALK_UNIT;
	err = walk_in_kernel(walks, device, whole, stopped);
	if (!err)
		err = walk_in_process(walks, whole, stopped);
	return err ? err : settle(device);
}

/**
 * frag_walks__kernel_json() - those over memory of the kernel
 * @walks: of frag_walks__run(), or all zero.
 *
 * Return: an array, the caller's; NULL: no memory.
 */
json_t *frag_walks__kernel_json(const struct frag_walks *walks)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < walks->kernel.nr; i++)
		json_array_append_new(all, tlb_walk__json(&walks->kernel.walks[i]));
	return all;
}

/**
 * frag_walks__user_json() - those over memory of the process
 * @walks: of frag_walks__run(), or all zero.
 *
 * Return: an array, the caller's; NULL: no memory.
 */
json_t *frag_walks__user_json(const struct frag_walks *walks)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < walks->user.nr; i++)
		json_array_append_new(all, chase_walk__json(&walks->user, &walks->user.walks[i]));
	return all;
}

/**
 * frag_walks__free() - forget them
 * @walks: of frag_walks__run(), or all zero.
 */
void frag_walks__free(struct frag_walks *walks)
{
	tlb_walks__free(&walks->kernel);
	chase__free(&walks->user);
}

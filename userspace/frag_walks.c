// SPDX-License-Identifier: GPL-2.0
/*
 * What walking over memory costs that was allocated at a level of fragmentation: how much
 * of it the kernel could still have in large blocks, and what that is worth. Memory of
 * each kind is allocated, walked over and freed, one after the other.
 */
#include <errno.h>

#include "frag_level.h"
#include "frag_walks.h"

/* What is to be had in blocks of this size is worth a huge page. */
#define FRAG_WALK_UNIT		(2ULL << 20)
#define FRAG_WALK_MOST		(1ULL << 30)
#define FRAG_WALK_PATTERN	"chase"
#define FRAG_WALK_LAPS		3

/*
 * Blocks as large as they come, blocks that vmalloc() replaces, and single pages. None
 * that is vmalloc()'s always: it keeps its page tables, which break blocks for good.
 */
static const char * const kernel_kinds[FRAG_WALKS_KERNEL] = {
	"kmalloc", "kvmalloc-2m", "alloc_pages-0",
};

/* THP are not wanted, and wanted. */
static const char * const user_kinds_walked[FRAG_WALKS_USER] = { "anon-4k", "anon-thp" };

/* That there is no memory of a kind is a result. */
static bool is_result(int err)
{
	return err == -ENOMEM || err == -ENOSPC || err == -EOPNOTSUPP;
}

static int walk_in_kernel(struct frag_walks *walks, const struct frag_walks_options *options)
{
	const uint32_t i = walks->nr_kernel++;
	const struct tlb_walks_options one = {
		.kind = kernel_kinds[i], .pattern = FRAG_WALK_PATTERN,
		.min_bytes = options->bytes, .max_bytes = options->bytes,
		.passes = 1, .warmup = 1, .share = 90, .stopped = options->stopped,
	};
	const struct tlb_walk *failed;
	int err = frag_level__now(options->order, &walks->kernel_reached[i]);

	if (!err)
		err = tlb_walks__select(&walks->kernel[i], options->device, &one);
	if (!err)
		err = tlb_walks__run(&walks->kernel[i], options->device, &one, &failed);
	return is_result(err) ? 0 : err;
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

static int walk_in_process(struct frag_walks *walks, const struct frag_walks_options *options)
{
	const uint32_t i = walks->nr_user++;
	const struct chase_options one = {
		.kind = user_kinds_walked[i], .pattern = FRAG_WALK_PATTERN,
		.min_bytes = options->bytes, .max_bytes = options->bytes,
		.laps = FRAG_WALK_LAPS, .partly = true, .passes = 1, .warmup = 1,
		.stopped = options->stopped,
	};
	int err = frag_level__now(options->order, &walks->user_reached[i]);

	if (!err)
		err = chase__select(&walks->user[i], &one);
	if (!err)
		err = chase__run(&walks->user[i]);
	return err ? err : settle(options->device);
}

/**
 * frag_walks__bytes() - how much memory is walked over
 * @wanted: bytes that were asked for.
 *
 * Return: of these as many as are in whole units, one at least; no more than the module walks
 * over, see struct kmb_walk, which a large machine has more than.
 */
uint64_t frag_walks__bytes(uint64_t wanted)
{
	uint64_t whole = wanted - wanted % FRAG_WALK_UNIT;

	if (whole > FRAG_WALK_MOST)
		return FRAG_WALK_MOST;
	return whole ? whole : FRAG_WALK_UNIT;
}

/**
 * frag_walks__run() - walk
 * @walks: to be filled, all zero; needs frag_walks__free() also where this fails.
 * @options: over what.
 *
 * Return: 0, also where some memory could not be had; -ECANCELED: it was stopped; or
 * another negative error, see tlb_walks__run() and chase__run().
 */
int frag_walks__run(struct frag_walks *walks, const struct frag_walks_options *options)
{
	struct frag_walks_options whole = *options;
	int err = 0;

	whole.bytes = frag_walks__bytes(options->bytes);
	while (!err && walks->nr_kernel < FRAG_WALKS_KERNEL)
		err = walk_in_kernel(walks, &whole);
	while (!err && walks->nr_user < FRAG_WALKS_USER)
		err = walk_in_process(walks, &whole);
	return err;
}

static json_t *with_level(json_t *walk, uint32_t reached)
{
	json_object_set_new(walk, "reached", json_integer(reached));
	return walk;
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
	uint32_t i;

	for (i = 0; i < walks->nr_kernel; i++)
		if (walks->kernel[i].nr)
			json_array_append_new(all, with_level(tlb_walk__json(walks->kernel[i].walks),
							      walks->kernel_reached[i]));
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
	uint32_t i;

	for (i = 0; i < walks->nr_user; i++)
		if (walks->user[i].nr)
			json_array_append_new(all, with_level(chase_walk__json(&walks->user[i],
									       walks->user[i].walks),
							      walks->user_reached[i]));
	return all;
}

/**
 * frag_walks__free() - forget them
 * @walks: of frag_walks__run(), or all zero.
 */
void frag_walks__free(struct frag_walks *walks)
{
	while (walks->nr_kernel)
		tlb_walks__free(&walks->kernel[--walks->nr_kernel]);
	while (walks->nr_user)
		chase__free(&walks->user[--walks->nr_user]);
}

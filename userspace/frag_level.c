// SPDX-License-Identifier: GPL-2.0
/*
 * A level of fragmentation: asked of the module, of memory of this process, or of both;
 * verified by /proc/buddyinfo; undone by closing the file that holds it, and by unmapping.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buddyinfo.h"
#include "frag_level.h"

/**
 * frag_level__parse() - an index as a user types it
 * @text: a number from 0 to 1, as 0.25.
 * @index: receives it, millionths.
 *
 * Return: 0; -EINVAL: it is none.
 */
int frag_level__parse(const char *text, uint32_t *index)
{
	char *end;
	double value;

	if (!*text || text[strspn(text, "0123456789.")])
		return -EINVAL;
	value = strtod(text, &end);
	if (end == text || *end || value > 1)
		return -EINVAL;
	*index = (uint32_t)(value * UNUSABLE_ONE + 0.5);
	return 0;
}

static int read_free(struct free_blocks *free)
{
	struct buddyinfo info;
	int err = buddyinfo__read(&info, "");

	if (!err)
		*free = buddyinfo__of_kernel(&info);
	buddyinfo__free(&info);
	return err;
}

/**
 * frag_level__read() - see what the level is now
 * @level: its @now, @extfrag and @moved are filled in.
 *
 * Return: 0, or the negative error of buddyinfo__read() or user_inducer__moved().
 */
int frag_level__read(struct frag_level *level)
{
	struct free_blocks free;
	int err = read_free(&free);

	if (err)
		return err;
	level->now = free_blocks__unusable(&free, level->answer.order);
	level->extfrag = free_blocks__extfrag(&free, level->answer.order);
	return level->user.nr ? user_inducer__moved(&level->user, &level->moved) : 0;
}

/**
 * frag_level__now() - the unusable free space index of an order
 * @order: the order.
 * @index: receives it, millionths.
 *
 * Return: 0, or the negative error of buddyinfo__read().
 */
int frag_level__now(uint32_t order, uint32_t *index)
{
	struct free_blocks free;
	int err = read_free(&free);

	if (!err)
		*index = free_blocks__unusable(&free, order);
	return err;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int open_holder(struct device *holder, const char *path)
{
	int err = device__open(holder, path);

	return err ? err : device__hello(holder);
}

/* Whatever the module has against all of the level, before anything is taken. */
static int check(struct frag_level *level)
{
	int err;

	level->answer.flags = KMB_FRAG_CHECK;
	err = device__frag(&level->holder, &level->answer);
	level->answer.flags = 0;
	return err;
}

/* What is missing to the level then is the module's. */
static int reach_part(struct frag_level *level, const struct user_part *part)
{
	int err;

	if (!part->per_cent)
		return 0;
	err = check(level);
	if (err)
		return err;
	level->part = level->answer;
	err = user_inducer__reach(&level->user, &level->part, part);
	memcpy(level->answer.why, level->part.why, sizeof(level->answer.why));
	return err;
}

static int reach(struct frag_level *level, const struct frag_options *options)
{
	struct user_part all = options->movable;
	int err;

	all.per_cent = 100;
	if (!options->device)
		return user_inducer__reach(&level->user, &level->answer, &all);
	err = open_holder(&level->holder, options->device);
	if (!err)
		err = reach_part(level, &options->movable);
	if (!err)
		err = device__frag(&level->holder, &level->answer);
	/* What was taken for the part was taken for the level. */
	if (err)
		level->answer.taken += level->part.taken;
	return err;
}

/**
 * frag_level__reach() - fragment memory, by the module or without it
 * @level: to be filled; needs frag_level__undo() also where this fails.
 * @index: to be reached, millionths.
 * @options: how.
 *
 * Return: 0; or a negative error, also of struct kmb_frag: @level->answer.why then
 * may say more.
 */
int frag_level__reach(struct frag_level *level, uint32_t index,
		      const struct frag_options *options)
{
	struct free_blocks free = { .nr_orders = 0 };
	int err;

	memset(level, 0, sizeof(*level));
	level->answer = (struct kmb_frag){
		.order = options->order, .index = index, .spread = options->spread,
		.share = options->share, .reserve = options->reserve,
		.seed = options->seed,
	};
	level->holder.fd = -1;
	level->err = read_free(&free);
	level->free_before = free_blocks__pages(&free);
	level->seconds = -now();
	if (!level->err)
		level->err = reach(level, options);
	level->seconds += now();
	if (level->err)
		return level->err;
	err = frag_level__read(level);
	level->reached = level->now;
	return err;
}

static bool is_near(const struct frag_level *level, uint32_t index)
{
	return labs((long)index - (long)level->answer.index) <= KMB_FRAG_TOLERANCE;
}

/**
 * frag_level__is_reached() - whether the level was the one that was asked for
 * @level: a level that was reached, by its own account.
 *
 * Return: whether what /proc/buddyinfo said then is within KMB_FRAG_TOLERANCE of it.
 */
bool frag_level__is_reached(const struct frag_level *level)
{
	return is_near(level, level->reached);
}

/**
 * frag_level__holds() - whether the level is still the one that was asked for
 * @level: a level that was reached.
 *
 * Return: whether what /proc/buddyinfo said last is within KMB_FRAG_TOLERANCE of it.
 */
bool frag_level__holds(const struct frag_level *level)
{
	return is_near(level, level->now);
}

/**
 * frag_level__before() - what was found before anything was taken
 * @level: was given to frag_level__reach().
 *
 * Return: part of @level.
 */
const struct kmb_level *frag_level__before(const struct frag_level *level)
{
	return level->part.order ? &level->part.before : &level->answer.before;
}

/**
 * frag_level__undo() - have everything given back
 * @level: was given to frag_level__reach(), with or without success.
 *
 * Return: 0, or the negative error of buddyinfo__read().
 */
int frag_level__undo(struct frag_level *level)
{
	struct free_blocks free = { .nr_orders = 0 };
	int err;

	device__close(&level->holder);
	user_inducer__undo(&level->user);
	err = read_free(&free);
	level->free_after = free_blocks__pages(&free);
	return err;
}

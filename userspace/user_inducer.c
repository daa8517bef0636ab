// SPDX-License-Identifier: GPL-2.0
/*
 * Fragments free memory without the module. Pages are taken until so few free blocks of
 * the order are left as the level asks for; of each block that was taken as a whole all
 * pages but the first one are given back. Blocks that are to stay whole are not touched:
 * what a CPU keeps of the pages that are given back are pieces of broken ones.
 *
 * What could fool a reader: these pages are movable. Compaction can bring them together,
 * and with them the level is gone; user_inducer__moved() tells. Those of the module
 * cannot be moved. Which blocks are broken is the kernel's choice.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buddyinfo.h"
#include "user_inducer.h"

#define PAGEMAP_FRAME	((1ULL << 55) - 1)
#define PAGEMAP_PRESENT	(1ULL << 63)
/* Of a page that was swapped out; no block begins there. */
#define NO_FRAME	UINT64_MAX
/* Pages of which the frames are read at once. */
#define FRAMES		512
/* Pages that are taken between two looks at what is free. */
#define STEP		64
/* How often the level is read back and corrected. */
#define ROUNDS		6
#define LINE_LEN	256

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* Return: 0; -EINVAL: there are no blocks of that order; or what reading /proc comes to. */
static int read_level(struct kmb_level *level, uint32_t order)
{
	struct buddyinfo info;
	struct free_blocks free;
	int err = buddyinfo__read(&info, "");

	if (!err) {
		free = buddyinfo__of_kernel(&info);
		level->free = free_blocks__pages(&free);
		level->suitable = free_blocks__suitable(&free, order);
		level->index = free_blocks__unusable(&free, order);
		err = order < free.nr_orders ? 0 : -EINVAL;
	}
	buddyinfo__free(&info);
	return err;
}

/*
 * Blocks that have yet to be broken; negative: to be made whole. As kmb_level_missing()
 * of module/level.c, where the arithmetic is explained.
 */
static int64_t missing(const struct kmb_level *level, uint32_t order, uint32_t index)
{
	int64_t unusable = level->free - (level->suitable << order);
	int64_t wanted = (int64_t)level->free * index - unusable * KMB_FRAG_ONE;
	int64_t each = ((1LL << order) - 1) * KMB_FRAG_ONE + index;

	return (wanted + (wanted < 0 ? -each / 2 : each / 2)) / each;
}

/* The index once so many more blocks are broken: kmb_level_with(). */
static uint32_t with(const struct kmb_level *level, uint32_t order, int64_t blocks)
{
	int64_t free = level->free - blocks;
	int64_t suitable = level->suitable - blocks;

	return free <= 0 ? KMB_FRAG_ONE : (free - (suitable << order)) * KMB_FRAG_ONE / free;
}

/* Pages of all zones' high watermarks; 0: not known. */
static uint64_t high_watermarks(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	uint64_t sum = 0, pages;
	char line[LINE_LEN];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " high %" SCNu64, &pages) == 1)
			sum += pages;
	if (file)
		fclose(file);
	return sum;
}

/* The words for what is wrong, and its error. */
#define refuse(_frag, _err, ...) \
	(snprintf((_frag)->why, sizeof((_frag)->why), __VA_ARGS__), (_err))

static bool is_near(uint32_t one, uint32_t other)
{
	return llabs((long long)one - other) <= KMB_FRAG_TOLERANCE;
}

static int check_reserve(struct kmb_frag *frag)
{
	uint64_t least = high_watermarks() * page_size();
	uint64_t free = frag->before.free * page_size();

	if (!frag->reserve)
		frag->reserve = least;
	if (frag->reserve < least)
		return refuse(frag, -EINVAL, "reserve %llu: at least %" PRIu64 " bytes",
			      frag->reserve, least);
	if (frag->reserve >= free)
		return refuse(frag, -ENOSPC, "reserve %llu: less than %" PRIu64 " bytes are free",
			      frag->reserve, free);
	return 0;
}

/* Pages that may be held at any moment. */
static uint64_t allowed_pages(const struct kmb_frag *frag)
{
	uint64_t free = frag->before.free, share = free * frag->share / 100;
	uint64_t above = free - frag->reserve / page_size();

	return share < above ? share : above;
}

/* Blocks are broken by taking all free memory that is in none, and then them. */
static int check_index(struct kmb_frag *frag, uint64_t allowed)
{
	const struct kmb_level *before = &frag->before;
	uint64_t pieces = before->free - (before->suitable << frag->order);
	uint64_t room = allowed > pieces ? (allowed - pieces) >> frag->order : 0;
	uint64_t most = room < before->suitable ? room : before->suitable;

	frag->least = before->index;
	frag->most = with(before, frag->order, most);
	if (frag->index < frag->least && !is_near(frag->index, frag->least))
		return refuse(frag, -ERANGE,
			      "index %u: this machine is at %u already; ask for %u or more",
			      frag->index, frag->least, frag->least);
	if (frag->index > frag->most && !is_near(frag->index, frag->most))
		return refuse(frag, -ERANGE,
			      "index %u: %u to %u can be reached, with %" PRIu64 " pages taken",
			      frag->index, frag->least, frag->most, allowed);
	return 0;
}

/* Memory that is shared is a file's, of shmem. */
static int reserve_room(struct user_inducer *inducer, uint64_t nr, uint32_t order)
{
	int kind = inducer->give_back == MADV_REMOVE ? MAP_SHARED : MAP_PRIVATE;
	void *start = mmap(NULL, nr * page_size(), PROT_READ | PROT_WRITE,
			   kind | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		return -errno;
	inducer->start = start;
	inducer->nr_pages = nr;
	/* A kernel that does not know it has no huge pages to advise against. */
	madvise(start, nr * page_size(), MADV_NOHUGEPAGE);
	inducer->kept = calloc((nr >> order) + 1, sizeof(*inducer->kept));
	return inducer->kept ? 0 : -ENOMEM;
}

static void touch(const struct user_inducer *inducer, size_t first, size_t end)
{
	size_t i;

	for (i = first; i < end; i++)
		inducer->start[i * page_size()] = 1;
}

/* Until no more than so many blocks are free. Return: 0, or what reading /proc comes to. */
static int take_until(struct user_inducer *inducer, uint32_t order, int64_t suitable)
{
	struct kmb_level now = { .suitable = 0 };
	size_t end;
	int err;

	/* What was given back is taken again, before another block is broken. */
	touch(inducer, 0, inducer->touched);
	err = read_level(&now, order);
	while (!err && (int64_t)now.suitable > suitable && inducer->touched < inducer->nr_pages) {
		end = inducer->touched + STEP;
		end = end < inducer->nr_pages ? end : inducer->nr_pages;
		touch(inducer, inducer->touched, end);
		inducer->touched = end;
		err = read_level(&now, order);
	}
	return err;
}

static int read_frames(int fd, const struct user_inducer *inducer, size_t first, size_t nr,
		       struct held_page *pages)
{
	uint64_t entries[FRAMES];
	off_t at = ((uintptr_t)inducer->start / page_size() + first) * sizeof(*entries);
	size_t i;

	if (pread(fd, entries, nr * sizeof(*entries), at) != (ssize_t)(nr * sizeof(*entries)))
		return -EIO;
	for (i = 0; i < nr; i++) {
		bool present = entries[i] & PAGEMAP_PRESENT;
		uint64_t frame = entries[i] & PAGEMAP_FRAME;

		if (present && !frame)
			return -EPERM;
		pages[i] = (struct held_page){ present ? frame : NO_FRAME, first + i };
	}
	return 0;
}

/* Return: 0; -EPERM: only root sees frames; or another negative error. */
static int find_frames(const struct user_inducer *inducer, struct held_page *pages)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t first, nr;
	int err = fd < 0 ? -errno : 0;

	for (first = 0; first < inducer->touched && !err; first += nr) {
		nr = inducer->touched - first;
		nr = nr < FRAMES ? nr : FRAMES;
		err = read_frames(fd, inducer, first, nr, pages + first);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

static int compare_frames(const void *a, const void *b)
{
	const struct held_page *one = a, *other = b;

	return (one->frame > other->frame) - (one->frame < other->frame);
}

/* Whether a block of the order begins here, all of which was taken. */
static bool is_whole(const struct held_page *pages, size_t left, uint32_t order)
{
	size_t nr = (size_t)1 << order;

	return !(pages->frame & (nr - 1)) && left >= nr &&
	       pages[nr - 1].frame == pages->frame + nr - 1;
}

/* The first page of each whole block. */
static void choose(struct user_inducer *inducer, const struct held_page *pages, uint32_t order)
{
	size_t i;

	inducer->nr = 0;
	for (i = 0; i < inducer->touched; i++)
		if (is_whole(&pages[i], inducer->touched - i, order))
			inducer->kept[inducer->nr++] = pages[i];
}

static int compare_numbers(const void *a, const void *b)
{
	const struct held_page *one = a, *other = b;

	return (one->number > other->number) - (one->number < other->number);
}

static void give_back(const struct user_inducer *inducer, size_t first, size_t end)
{
	if (end > first)
		madvise(inducer->start + first * page_size(), (end - first) * page_size(),
			inducer->give_back);
}

static void give_back_others(struct user_inducer *inducer)
{
	size_t i, next = 0;

	qsort(inducer->kept, inducer->nr, sizeof(*inducer->kept), compare_numbers);
	for (i = 0; i < inducer->nr; i++) {
		give_back(inducer, next, inducer->kept[i].number);
		next = inducer->kept[i].number + 1;
	}
	give_back(inducer, next, inducer->touched);
}

/* Return: 0; -ENOMEM; or the negative error of find_frames(). */
static int break_blocks(struct user_inducer *inducer, struct kmb_frag *frag)
{
	struct held_page *pages = calloc(inducer->touched + 1, sizeof(*pages));
	int err = pages ? find_frames(inducer, pages) : -ENOMEM;

	if (!err) {
		qsort(pages, inducer->touched, sizeof(*pages), compare_frames);
		choose(inducer, pages, frag->order);
		give_back_others(inducer);
	}
	free(pages);
	return err;
}

/* What the CPU keeps of it is not seen at once; so this is done only once. */
static void mend(struct user_inducer *inducer, uint64_t blocks, struct kmb_frag *frag)
{
	for (; blocks && inducer->nr; blocks--, frag->mended++) {
		size_t number = inducer->kept[--inducer->nr].number;

		give_back(inducer, number, number + 1);
	}
}

static int correct(struct user_inducer *inducer, struct kmb_frag *frag)
{
	int64_t more = missing(&frag->after, frag->order, frag->index);
	size_t before = inducer->nr;
	int err = 0;

	if (more < 0) {
		mend(inducer, -more, frag);
		return 0;
	}
	err = take_until(inducer, frag->order, (int64_t)frag->after.suitable - more);
	if (!err)
		err = break_blocks(inducer, frag);
	frag->added += inducer->nr > before ? inducer->nr - before : 0;
	return err;
}

static int correct_until_near(struct user_inducer *inducer, struct kmb_frag *frag)
{
	int round, err = read_level(&frag->after, frag->order);

	for (round = 0; round < ROUNDS && !err && !frag->mended &&
	     !is_near(frag->index, frag->after.index); round++) {
		err = correct(inducer, frag);
		if (!err)
			err = read_level(&frag->after, frag->order);
	}
	frag->held = inducer->nr;
	if (!err && !is_near(frag->index, frag->after.index))
		err = refuse(frag, -ERANGE,
			     "index %u: %u was reached instead, with %zu pages held",
			     frag->index, frag->after.index, inducer->nr);
	return err;
}

static int break_missing(struct user_inducer *inducer, struct kmb_frag *frag)
{
	int64_t blocks = missing(&frag->before, frag->order, frag->index);
	int err;

	if (blocks <= 0)
		return 0;
	err = take_until(inducer, frag->order, (int64_t)frag->before.suitable - blocks);
	frag->taken = inducer->touched >> frag->order;
	if (!err)
		err = break_blocks(inducer, frag);
	frag->broken = inducer->nr;
	frag->held = inducer->nr;
	return err;
}

/* Before much is taken. */
static int check_frames(struct user_inducer *inducer, struct kmb_frag *frag)
{
	struct held_page page;
	int err;

	touch(inducer, 0, 1);
	inducer->touched = 1;
	err = find_frames(inducer, &page);
	return err == -EPERM ?
	       refuse(frag, err, "/proc/self/pagemap tells frames to root alone") : err;
}

/* What is missing to a part, or too much, whoever has the rest makes up for. */
static int reach(struct user_inducer *inducer, struct kmb_frag *frag, bool is_part)
{
	int err = break_missing(inducer, frag);

	return err || is_part ? err : correct_until_near(inducer, frag);
}

/* The index at which so many of the blocks are broken that have yet to be. */
static void aim(struct kmb_frag *frag, uint32_t per_cent)
{
	int64_t blocks = missing(&frag->before, frag->order, frag->index);

	if (per_cent < 100 && blocks > 0)
		frag->index = with(&frag->before, frag->order, blocks * per_cent / 100);
}

/**
 * user_inducer__reach() - fragment free memory
 * @inducer: to be filled; needs user_inducer__undo() also where this fails.
 * @frag: as for KMB_IOC_FRAG, but that the kernel chooses which blocks are broken, and
 *	that of what is held all is counted while it is taken. Its index becomes the one
 *	that was reached for.
 * @part: what of it; the rest is for others.
 *
 * Return: 0; or -ERANGE, -EINVAL, -ENOSPC, -EPERM, and what mmap(2) or reading /proc comes
 * to; @frag->why may say more.
 */
int user_inducer__reach(struct user_inducer *inducer, struct kmb_frag *frag,
			const struct user_part *part)
{
	int err;

	*inducer = (struct user_inducer){
		.give_back = part->page_cache ? MADV_REMOVE : MADV_DONTNEED,
	};
	err = read_level(&frag->before, frag->order);
	if (err == -EINVAL)
		return refuse(frag, err, "order %u: this kernel has no such large blocks",
			      frag->order);
	aim(frag, part->per_cent);
	if (!err)
		err = check_reserve(frag);
	if (!err)
		err = check_index(frag, allowed_pages(frag));
	if (!err)
		err = reserve_room(inducer, allowed_pages(frag), frag->order);
	if (!err)
		err = check_frames(inducer, frag);
	return err ? err : reach(inducer, frag, part->per_cent < 100);
}

/**
 * user_inducer__moved() - how many pages are no longer where they broke a block
 * @inducer: of user_inducer__reach(), or all zero.
 * @moved: receives it.
 *
 * Return: 0, or what reading /proc/self/pagemap comes to.
 */
int user_inducer__moved(const struct user_inducer *inducer, uint64_t *moved)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : 0;
	struct held_page now;
	size_t i;

	*moved = 0;
	for (i = 0; i < inducer->nr && !err; i++) {
		err = read_frames(fd, inducer, inducer->kept[i].number, 1, &now);
		*moved += !err && now.frame != inducer->kept[i].frame;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* Pages that may be taken once more, and leave what the kernel needs: others may have taken some. */
static size_t room_left(void)
{
	struct kmb_level now = { .free = 0 };
	uint64_t least = high_watermarks();

	return !read_level(&now, 0) && now.free > least ? now.free - least : 0;
}

/**
 * user_inducer__undo() - give everything back
 * @inducer: of user_inducer__reach(), or all zero.
 *
 * The few pages that are held would stay with the CPU, and their blocks broken. So all of
 * them are taken once more, as far as there is memory: what is given back first goes from
 * there to the free lists.
 */
void user_inducer__undo(struct user_inducer *inducer)
{
	size_t room = inducer->nr ? room_left() : 0;

	touch(inducer, 0, inducer->touched < room ? inducer->touched : room);
	if (inducer->start)
		munmap(inducer->start, inducer->nr_pages * page_size());
	free(inducer->kept);
	/* malloc() would keep some of what it gave. */
	malloc_trim(0);
	*inducer = (struct user_inducer){ .start = NULL };
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that the kernel may move, and the order to move it.
 *
 * That an address stays proves nothing while nothing moves. So there is a file
 * in memory with pages that are like those of a user, and every other one is
 * punched out: holes that compaction closes by moving the pages between them.
 *
 * Left out: pages of anonymous memory, which a thread of the kernel has not,
 * and swap, which may take a page away; it counts as absent, not as moved.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vm_event_item.h>
#include <linux/vmstat.h>

#include "../module/compat.h"
#include "movable.h"
#include "sysctl_file.h"

/* Movable, never in highmem, and a failure rather than a call of the OOM killer. */
#define MOVABLE_GFP (GFP_USER | __GFP_MOVABLE | __GFP_NORETRY | __GFP_NOWARN)

#define AT_HAND "vm/percpu_pagelist_high_fraction"

/**
 * kmb_movable_absent() - ask why no page can be moved here
 *
 * Return: the option that is off, NULL when pages can be moved.
 */
const char *kmb_movable_absent(void)
{
	if (!IS_ENABLED(CONFIG_SHMEM))
		return "CONFIG_SHMEM";
	if (!IS_ENABLED(CONFIG_COMPACTION))
		return "CONFIG_COMPACTION";
	if (!IS_ENABLED(CONFIG_PROC_FS))
		return "CONFIG_PROC_FS";
	if (!IS_ENABLED(CONFIG_SYSCTL))
		return "CONFIG_SYSCTL";
	if (!IS_ENABLED(CONFIG_VM_EVENT_COUNTERS))
		return "CONFIG_VM_EVENT_COUNTERS";
	return NULL;
}

/*
 * What is freed a CPU keeps for itself, where compaction does not find it: at times as
 * much as an eighth of a zone, and with it all the holes.
 */
static int keep_few_at_hand(struct kmb_movable *movable)
{
	int err = kmb_sysctl_read(AT_HAND, movable->at_hand, sizeof(movable->at_hand));

	return err ?: kmb_sysctl_write(AT_HAND, "1000000");
}

/**
 * kmb_movable_open() - make the file, without any page
 * @movable: (out) the file. Needs kmb_movable_close(), even after a failure.
 * @bytes: how much memory it has when it is full.
 *
 * Return: 0 or a negative errno.
 */
int kmb_movable_open(struct kmb_movable *movable, size_t bytes)
{
	struct file *file;
	int err;

	*movable = (struct kmb_movable) { .pages = bytes >> PAGE_SHIFT };
	err = keep_few_at_hand(movable);
	if (err)
		return err;
	movable->pfns = kvmalloc_array(movable->pages, sizeof(*movable->pfns),
				       GFP_KERNEL | __GFP_ZERO);
	if (!movable->pfns)
		return -ENOMEM;
	file = shmem_file_setup("kmbench", bytes, KMB_VM_NORESERVE);
	if (IS_ERR(file))
		return PTR_ERR(file);
	movable->file = file;
	return 0;
}

/* Byte @last goes as well; -1 is the end of the file. */
static void punch(struct kmb_movable *movable, loff_t first, loff_t last)
{
	shmem_truncate_range(file_inode(movable->file), first, last);
}

/**
 * kmb_movable_close() - give back the file and its memory
 * @movable: the file, or what kmb_movable_open() left of it.
 *
 * The pages go before the call returns; the file itself a little later.
 */
void kmb_movable_close(struct kmb_movable *movable)
{
	if (movable->file) {
		punch(movable, 0, -1);
		fput(movable->file);
	}
	movable->file = NULL;
	if (movable->at_hand[0])
		kmb_sysctl_write(AT_HAND, movable->at_hand);
	movable->at_hand[0] = '\0';
	kvfree(movable->pfns);
	movable->pfns = NULL;
}

/* The file must not keep a reference: a page with one more does not move. */
static int read_page(struct kmb_movable *movable, unsigned int i)
{
	struct page *page;

	page = shmem_read_mapping_page_gfp(movable->file->f_mapping, i,
					   MOVABLE_GFP);
	if (IS_ERR(page))
		return PTR_ERR(page);
	put_page(page);
	return 0;
}

/**
 * kmb_movable_fill() - make all pages, and holes in every other place
 * @movable: the file.
 * @odd: which pages stay.
 *
 * Return: 0 or a negative errno.
 */
int kmb_movable_fill(struct kmb_movable *movable, bool odd)
{
	unsigned int i;
	int err;

	for (i = 0; i < movable->pages; i++) {
		err = read_page(movable, i);
		if (err)
			return err;
	}
	for (i = !odd; i < movable->pages; i += 2)
		punch(movable, (loff_t)i << PAGE_SHIFT,
		      ((loff_t)(i + 1) << PAGE_SHIFT) - 1);
	return 0;
}

/**
 * kmb_movable_get() - pin a page of the file
 * @movable: the file.
 * @i: which.
 *
 * Return: the page, to be released by put_page() and until then at its place;
 * NULL when it is absent.
 */
struct page *kmb_movable_get(const struct kmb_movable *movable, unsigned int i)
{
	return find_get_page(movable->file->f_mapping, i);
}

/* Return: the frame of a page, 0 when it is absent. */
static unsigned long pfn_now(const struct kmb_movable *movable, unsigned int i)
{
	struct page *page = kmb_movable_get(movable, i);
	unsigned long pfn = page ? page_to_pfn(page) : 0;

	if (page)
		put_page(page);
	return pfn;
}

/**
 * kmb_movable_note() - remember where each page is now
 * @movable: the file.
 */
void kmb_movable_note(struct kmb_movable *movable)
{
	unsigned int i;

	for (i = 0; i < movable->pages; i++)
		movable->pfns[i] = pfn_now(movable, i);
}

static bool has_moved(const struct kmb_movable *movable, unsigned int i)
{
	unsigned long pfn = pfn_now(movable, i);

	return pfn && movable->pfns[i] && pfn != movable->pfns[i];
}

/**
 * kmb_movable_moved() - count the pages in another frame than noted
 * @movable: the file.
 *
 * Return: how many; absent pages do not count.
 */
unsigned int kmb_movable_moved(const struct kmb_movable *movable)
{
	unsigned int i, count = 0;

	for (i = 0; i < movable->pages; i++)
		count += has_moved(movable, i);
	return count;
}

/**
 * kmb_movable_scanned() - ask how far compaction came
 * @movable: the file.
 * @zone: where.
 *
 * Compaction looks at the frames of a zone in rising order. It has looked at
 * all below one that it emptied.
 *
 * Return: the highest noted frame of a page that moved, 0 when none did.
 */
unsigned long kmb_movable_scanned(const struct kmb_movable *movable,
				  const struct zone *zone)
{
	unsigned long highest = 0;
	unsigned int i;

	for (i = 0; i < movable->pages; i++)
		if (movable->pfns[i] > highest &&
		    page_zone(pfn_to_page(movable->pfns[i])) == zone &&
		    has_moved(movable, i))
			highest = movable->pfns[i];
	return highest;
}

/**
 * kmb_compact() - have all zones compacted, now and by this task
 *
 * It begins with the pages that wait in batches for their place on a list.
 *
 * Return: 0 or a negative errno.
 */
int kmb_compact(void)
{
	return kmb_sysctl_write("vm/compact_memory", "1");
}

/**
 * kmb_migrations() - count the pages that were migrated since the boot
 * @count: (out) how many, 0 where the kernel cannot.
 *
 * Return: 0 or -ENOMEM.
 */
int kmb_migrations(unsigned long *count)
{
	unsigned long *events;

	events = kcalloc(NR_VM_EVENT_ITEMS, sizeof(*events), GFP_KERNEL);
	if (!events)
		return -ENOMEM;
	all_vm_events(events);
#ifdef CONFIG_MIGRATION
	*count = events[PGMIGRATE_SUCCESS];
#else
	*count = 0;
#endif
	kfree(events);
	return 0;
}

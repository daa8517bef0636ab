// SPDX-License-Identifier: GPL-2.0
/*
 * A second mapping of the frames of an object, the proof of where it is.
 *
 * The alias maps the frames that follow the object's first one, in order. What
 * is written into page i of the object has to appear in page i of the alias,
 * and the other way round. That is physical truth, not arithmetic, and needs
 * no page tables to walk, so it works in user-mode Linux, too. An alias that
 * is held shows whether the frames are still the object's.
 *
 * KASAN does not mind: it takes a mapping for memory of its own, without tags.
 * Left out: machines whose data cache needs flushing between two mappings of a
 * frame.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "alias.h"
#include "promises.h"

/**
 * kmb_alias_need() - skip a case where two mappings of a frame may differ
 * @test: the case.
 */
void kmb_alias_need(struct kunit *test)
{
	if (kmb_dcache_is_aliasing())
		kmb_skip(test, "the data cache has aliases");
}

/* The page of a vmalloc buffer comes from its page tables. */
static struct page *first_frame(const void *object)
{
	if (is_vmalloc_addr(object))
		return vmalloc_to_page(object);
	return virt_addr_valid(object) ? virt_to_page(object) : NULL;
}

/* Return: 0, -EFAULT when there are no such frames, or -ENOMEM. */
static int list_frames(struct kmb_alias *alias)
{
	struct page *first = first_frame(alias->object);
	unsigned long pfn;
	unsigned int i;

	if (!first)
		return -EFAULT;
	alias->frames = kvmalloc_array(alias->pages, sizeof(*alias->frames),
				       GFP_KERNEL);
	if (!alias->frames)
		return -ENOMEM;
	pfn = page_to_pfn(first);
	for (i = 0; i < alias->pages; i++) {
		if (!pfn_valid(pfn + i))
			return -EFAULT;
		alias->frames[i] = pfn_to_page(pfn + i);
	}
	return 0;
}

/* Never the same twice, so that no stamp of an earlier round is taken for one. */
static u64 next_seed(void)
{
	static u64 round;

	return ++round * 0x9e3779b97f4a7c15ULL;
}

/**
 * kmb_alias_map() - map an object's frames again
 * @alias: (out) the alias. Needs kmb_alias_unmap(), even after a failure.
 * @object: the object.
 * @bytes: its size.
 * @swapped: exchange the first and the last page of the alias.
 *
 * Return: 0, -EFAULT when there is no memory behind its first frame, or
 * -ENOMEM.
 */
int kmb_alias_map(struct kmb_alias *alias, void *object, size_t bytes,
		  bool swapped)
{
	int err;

	*alias = (struct kmb_alias) {
		.object = object,
		.bytes = bytes,
		.pages = DIV_ROUND_UP(offset_in_page(object) + bytes, PAGE_SIZE),
	};
	err = list_frames(alias);
	if (err)
		return err;
	if (swapped)
		swap(alias->frames[0], alias->frames[alias->pages - 1]);
	alias->map = vmap(alias->frames, alias->pages, VM_MAP, PAGE_KERNEL);
	return alias->map ? 0 : -ENOMEM;
}

/**
 * kmb_alias_unmap() - give back what an alias takes; the object stays
 * @alias: the alias.
 */
void kmb_alias_unmap(struct kmb_alias *alias)
{
	vunmap(alias->map);
	alias->map = NULL;
	kvfree(alias->frames);
	alias->frames = NULL;
}

/* The bytes of an object in its page @i: from where, and how many. */
static size_t piece_of(const struct kmb_alias *alias, unsigned int i, size_t *len)
{
	size_t off = offset_in_page(alias->object);
	size_t from = i ? i * PAGE_SIZE - off : 0;
	size_t to = min_t(size_t, (i + 1) * PAGE_SIZE - off, alias->bytes);

	*len = min_t(size_t, to - from, sizeof(alias->seed));
	return from;
}

static void stamp_pages(const struct kmb_alias *alias, void *through)
{
	unsigned int i;
	size_t from, len;
	u64 stamp;

	for (i = 0; i < alias->pages; i++) {
		from = piece_of(alias, i, &len);
		stamp = alias->seed + i;
		memcpy(through + from, &stamp, len);
	}
}

/* Return: the first page, counted from 1, without its stamp; 0 if all have. */
static int find_unstamped(const struct kmb_alias *alias, const void *through)
{
	unsigned int i;
	size_t from, len;
	u64 stamp;

	for (i = 0; i < alias->pages; i++) {
		from = piece_of(alias, i, &len);
		stamp = alias->seed + i;
		if (memcmp(through + from, &stamp, len))
			return i + 1;
	}
	return 0;
}

/**
 * kmb_alias_compare() - look where an object and its alias first disagree
 * @alias: the alias; @alias->object may have got another address.
 *
 * The first bytes of each page of the object are overwritten. The alias is
 * written only when it was proven to be the object's memory.
 *
 * Return: a page, counted from 1; 0 when they agree.
 */
int kmb_alias_compare(struct kmb_alias *alias)
{
	void *map = alias->map + offset_in_page(alias->object);
	int page;

	alias->seed = next_seed();
	stamp_pages(alias, alias->object);
	page = find_unstamped(alias, map);
	if (page)
		return page;
	alias->seed = ~alias->seed;
	stamp_pages(alias, map);
	return find_unstamped(alias, alias->object);
}

/**
 * kmb_alias_erase() - overwrite what a comparison wrote into an object
 * @alias: the alias, whose comparison found no page.
 * @byte: what every byte of the object was.
 */
void kmb_alias_erase(const struct kmb_alias *alias, u8 byte)
{
	unsigned int i;
	size_t from, len;

	for (i = 0; i < alias->pages; i++) {
		from = piece_of(alias, i, &len);
		memset(alias->object + from, byte, len);
	}
}

/**
 * kmb_find_break() - look where an object ceases to be contiguous
 * @object: what to prove contiguous.
 * @bytes: its size.
 * @swapped: plant a fault, see kmb_alias_map().
 *
 * Return: a page, counted from 1; 0 when the object is contiguous; or an
 * error of kmb_alias_map().
 */
int kmb_find_break(void *object, size_t bytes, bool swapped)
{
	struct kmb_alias alias;
	int result;

	result = kmb_alias_map(&alias, object, bytes, swapped);
	if (!result)
		result = kmb_alias_compare(&alias);
	kmb_alias_unmap(&alias);
	return result;
}

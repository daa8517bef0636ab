// SPDX-License-Identifier: GPL-2.0
/*
 * Does the memory come from the zone that was asked for, and is a zone that
 * kmalloc() does not serve refused aloud?
 *
 * GFP_DMA is served, also with flags that choose another kind of slab.
 * __GFP_DMA32 and __GFP_HIGHMEM are not: the kernel says so and ignores them,
 * for a slab object when it makes a slab for it.
 *
 * Left out: zones that a driver makes, and how slabs are merged.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include "counters.h"
#include "kernel_log.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

/* Without ZONE_DMA this is the number of no zone. */
#ifdef CONFIG_ZONE_DMA
#define KMB_DMA_ZONE ((int)ZONE_DMA)
#else
#define KMB_DMA_ZONE -1
#endif

/* Enough for the names of two sets of flags. */
#define NAME_SIZE 96

/* What is asked for besides, GFP_DMA has to win over it. */
static const struct kmb_gfp dma_gfps[] = {
	KMB_GFP(GFP_DMA, "alone"),
	KMB_GFP(GFP_DMA | __GFP_RECLAIMABLE, "slabs that can be reclaimed"),
	KMB_GFP(GFP_DMA | __GFP_ACCOUNT, "slabs that are charged"),
	KMB_GFP(GFP_DMA | __GFP_RECLAIMABLE | __GFP_ACCOUNT, "both"),
};

static bool dma_zone_has_memory(void)
{
	int node;

	for_each_online_node(node)
		if (managed_zone(&NODE_DATA(node)->node_zones[KMB_DMA_ZONE]))
			return true;
	return false;
}

/* Return: the zone that a block came from, or -ENOMEM. */
static int zone_of_block(size_t bytes, gfp_t flags)
{
	void *object = kmb_kmalloc(bytes, flags | __GFP_NOWARN);
	int zone = -ENOMEM;

	if (object && virt_addr_valid(object))
		zone = page_zonenum(virt_to_page(object));
	kfree(object);
	return zone;
}

/* What is above a class is a block of pages. */
static int zone_of_plain(void)
{
	return zone_of_block(KMALLOC_MAX_CACHE_SIZE + 1, GFP_KERNEL);
}

/* Where all memory is for DMA, none that is given can be wrong. */
static void skip_unless_dma_zone(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_ZONE_DMA))
		kmb_skip(test, "CONFIG_ZONE_DMA is off");
	if (!dma_zone_has_memory())
		kmb_skip(test, "ZONE_DMA is empty");
	if (zone_of_plain() == KMB_DMA_ZONE)
		kmb_skip(test, "GFP_KERNEL memory is of ZONE_DMA");
}

static bool is_byte_for_dma(const void *byte)
{
	struct page *page;

	if (!virt_addr_valid(byte))
		return false;
	page = virt_to_page(byte);
	if (IS_ENABLED(CONFIG_X86) && page_to_phys(page) >= SZ_16M)
		return false;
	return page_zonenum(page) == KMB_DMA_ZONE &&
	       page_to_pfn(page) < zone_end_pfn(page_zone(page));
}

static bool is_for_dma(const void *object, size_t bytes)
{
	return is_byte_for_dma(object) && is_byte_for_dma(object + bytes - 1);
}

static u64 physical(const void *object)
{
	return virt_addr_valid(object) ? virt_to_phys((void *)object) : U64_MAX;
}

static void check_dma(struct kunit *test, const struct kmb_objects *held)
{
	unsigned int i;

	for (i = 0; i < held->nr; i++)
		if (!KMB_EXPECT_OF(test, 22, held,
				   is_for_dma(held->at[i], held->bytes),
				   "object %u: expected memory of ZONE_DMA, got physical address %#llx",
				   i, physical(held->at[i])))
			break;
}

/*
 * A zone may be small: do not turn the machine upside down for a large block. Of constants,
 * which two sizes are here, the compiler looks up the slab.
 */
static void *alloc_gently(size_t bytes, gfp_t flags)
{
	flags |= __GFP_NORETRY;
	switch (bytes) {
	case SZ_1K:
		return kmalloc(SZ_1K, flags);
	case SZ_2K:
		return kmalloc_node(SZ_2K, flags, NUMA_NO_NODE);
	default:
		return kmb_kmalloc(bytes, flags);
	}
}

static unsigned int check_dma_flags(struct kunit *test, size_t bytes,
				    const struct kmb_gfp *dma)
{
	const struct kmb_objects *held;
	unsigned int checked = 0;
	char name[NAME_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++) {
		snprintf(name, sizeof(name), "%s | %s", kmb_gfps[i].name,
			 dma->name);
		held = kmb_take(test, alloc_gently, bytes,
				kmb_gfps[i].flags | dma->flags, name);
		check_dma(test, held);
		checked += held->nr;
		kmb_put(test);
	}
	return checked;
}

static void p22_dma_is_of_its_zone(struct kunit *test)
{
	unsigned int checked = 0;
	size_t bytes, i;

	kmb_promise(test, 22);
	skip_unless_dma_zone(test);
	bytes = kmb_size_of(test);
	for (i = 0; i < ARRAY_SIZE(dma_gfps); i++)
		checked += check_dma_flags(test, bytes, &dma_gfps[i]);
	if (!checked)
		kmb_skip(test, "ZONE_DMA has no free block of %zu bytes", bytes);
}

/* With plenty elsewhere, the zone for DMA is the last that is used. */
static void control_memory_of_another_zone_is_seen(struct kunit *test)
{
	const struct kmb_objects *held;
	unsigned int i;

	skip_unless_dma_zone(test);
	held = kmb_take(test, kmb_kmalloc, PAGE_SIZE, GFP_KERNEL, "GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	for (i = 0; i < held->nr; i++)
		KUNIT_EXPECT_FALSE(test, is_for_dma(held->at[i], held->bytes));
}

/* Pages that a counter needs to grow by: each CPU keeps up to 125 back. */
#define COUNTED_PAGES 512

static bool is_countable(size_t bytes)
{
	return bytes >= PAGE_SIZE / 8 && bytes <= KMALLOC_MAX_CACHE_SIZE;
}

static KMB_GENERATOR(countable_sizes)
{
	return kmb_next_size(prev, desc, is_countable);
}

static bool grow(struct kmb_chain *chain, size_t bytes, gfp_t flags)
{
	unsigned int nr = COUNTED_PAGES * PAGE_SIZE / bytes;

	while (nr--)
		if (!kmb_chain_add(chain, alloc_gently(bytes, flags)))
			return false;
	return true;
}

/* Return: by how many pages the slabs that can be reclaimed grow. */
static long count_reclaimable(size_t bytes, gfp_t flags)
{
	struct kmb_chain chain = {};
	long before, after;
	bool whole;

	migrate_disable();
	before = global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B);
	whole = grow(&chain, bytes, flags);
	after = global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B);
	kmb_chain_free(&chain);
	migrate_enable();
	return whole ? after - before : -ENOMEM;
}

static bool is_counted(long pages)
{
	return pages >= COUNTED_PAGES / 2;
}

static void skip_unless_reclaimable(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_SLUB_TINY))
		kmb_skip(test, "CONFIG_SLUB_TINY has one kind of slab");
}

static void p22_reclaimable_wins_over_account(struct kunit *test)
{
	size_t bytes, i;
	long pages;

	kmb_promise(test, 22);
	skip_unless_reclaimable(test);
	kmb_pages_or_skip(test);
	bytes = kmb_size_of(test);
	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++) {
		pages = count_reclaimable(bytes, kmb_gfps[i].flags |
					  __GFP_RECLAIMABLE | __GFP_ACCOUNT);
		KUNIT_ASSERT_NE_MSG(test, pages, -ENOMEM, "%zu bytes", bytes);
		KMB_EXPECT(test, 22, is_counted(pages),
			   "size %zu, %s | __GFP_RECLAIMABLE | __GFP_ACCOUNT, task: expected about %d pages more that can be reclaimed, got %ld",
			   bytes, kmb_gfps[i].name, COUNTED_PAGES, pages);
	}
}

static void control_other_slabs_are_not_counted(struct kunit *test)
{
	size_t bytes;
	long pages;

	skip_unless_reclaimable(test);
	bytes = kmb_size_of(test);
	pages = count_reclaimable(bytes, GFP_KERNEL);
	KUNIT_ASSERT_NE(test, pages, -ENOMEM);
	KUNIT_EXPECT_FALSE(test, is_counted(pages));
	pages = count_reclaimable(bytes, GFP_KERNEL_ACCOUNT);
	KUNIT_ASSERT_NE(test, pages, -ENOMEM);
	KUNIT_EXPECT_FALSE(test, is_counted(pages));
}

/* Zones that kmalloc() does not serve. */
static const struct kmb_gfp refused_gfps[] = {
	KMB_GFP(__GFP_DMA32, "below 4 GiB"),
	KMB_GFP(__GFP_HIGHMEM, "outside of the direct map"),
};

/* What the log says of them. */
#define COMPLAINT "Fix your code!"

/* Objects until a slab is made for one: more than are free in old slabs. */
#define MOST_OBJECTS 65536

static unsigned int until_new_slab(size_t bytes)
{
	return clamp_t(size_t, SZ_32M / bytes, 2, MOST_OBJECTS);
}

/**
 * struct answer - what a request for a zone that is refused came to
 * @whole: whether an object was given each time.
 * @direct: whether it was in the direct map.
 * @zone: of the last one; where the kernel complained, it has a new slab.
 * @nr: objects until the kernel complained, or in all.
 * @complaints: how many of the flag.
 * @others: how many of something else.
 */
struct answer {
	bool whole;
	bool direct;
	int zone;
	unsigned int nr;
	unsigned int complaints;
	unsigned int others;
};

static struct answer ask(size_t bytes, gfp_t flags, unsigned int most)
{
	struct answer answer = { .whole = true, .direct = true };
	struct kmb_chain chain = {};
	struct kmsg_dump_iter mark;

	kmb_log_mark(&mark);
	while (answer.whole && !answer.complaints && answer.nr < most) {
		answer.whole = kmb_chain_grow(&chain, 1, bytes, flags);
		if (!answer.whole)
			break;
		answer.direct &= virt_addr_valid(chain.last);
		answer.zone = answer.direct ? page_zonenum(virt_to_page(chain.last)) : -EFAULT;
		answer.nr = chain.nr;
		answer.complaints = kmb_log_lines(&mark, COMPLAINT);
	}
	answer.others = kmb_log_warnings(&mark) - answer.complaints;
	kmb_chain_free(&chain);
	return answer;
}

static struct answer ask_for_complaint(size_t bytes, gfp_t flags)
{
	bool large = bytes > KMALLOC_MAX_CACHE_SIZE;
	struct answer answer;

	kmb_log_ask();
	answer = ask(bytes, flags, large ? 1 : until_new_slab(bytes));
	kmb_log_asked();
	return answer;
}

static void expect_refusal(struct kunit *test, size_t bytes,
			   const struct kmb_gfp *zone)
{
	struct answer answer;

	answer = ask_for_complaint(bytes, GFP_KERNEL | zone->flags);
	if (!answer.whole && !kmb_has_plenty(numa_mem_id(), bytes, GFP_KERNEL))
		kmb_skip(test, "no free block of %zu bytes", bytes);
	KMB_EXPECT(test, 23, answer.whole && answer.direct,
		   "size %zu, GFP_KERNEL | %s, task: expected an object of the direct map, got %s",
		   bytes, zone->name, answer.whole ? "another" : "NULL");
	KMB_EXPECT(test, 23, answer.complaints && !answer.others,
		   "size %zu, GFP_KERNEL | %s, task: expected \"Fix your code!\" in the log, got %u and %u other complaints of %u objects",
		   bytes, zone->name, answer.complaints, answer.others, answer.nr);
}

static void skip_unless_log(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_PRINTK))
		kmb_skip(test, "CONFIG_PRINTK is off: no warning can be seen");
}

static void p23_dma32_is_complained_about(struct kunit *test)
{
	kmb_promise(test, 23);
	skip_unless_log(test);
	expect_refusal(test, kmb_size_of(test), &refused_gfps[0]);
}

/* A stack is dumped each time, so of sizes one of either way is enough. */
static void p23_each_such_zone_is_complained_about(struct kunit *test)
{
	size_t i;

	kmb_promise(test, 23);
	skip_unless_log(test);
	for (i = 0; i < ARRAY_SIZE(refused_gfps); i++) {
		expect_refusal(test, KMALLOC_MAX_CACHE_SIZE, &refused_gfps[i]);
		expect_refusal(test, KMALLOC_MAX_CACHE_SIZE + 1,
			       &refused_gfps[i]);
	}
}

/* Whether pages of that zone are others than those without the flag. */
static bool would_show(const struct kmb_gfp *zone, int plain)
{
	struct page *page = alloc_page(GFP_KERNEL | zone->flags);
	bool other = page && page_zonenum(page) != plain;

	if (page)
		__free_page(page);
	return other;
}

static void expect_ignored(struct kunit *test, size_t bytes,
			   const struct kmb_gfp *zone, int plain)
{
	struct answer answer;

	answer = ask_for_complaint(bytes, GFP_KERNEL | zone->flags);
	KMB_EXPECT(test, 23, answer.whole && answer.zone == plain,
		   "size %zu, GFP_KERNEL | %s, task: expected memory of zone %d as without, got %d (%s)",
		   bytes, zone->name, plain, answer.zone,
		   answer.whole ? "an object" : "NULL");
}

/* An object of the kind that the complaint is about, and a block of pages. */
static void p23_such_a_zone_is_ignored(struct kunit *test)
{
	int plain = zone_of_plain();
	bool shown = false;
	size_t i;

	kmb_promise(test, 23);
	KMB_NEED(test, plain >= 0, KMB_WHAT "expected an object, got error %d",
		 (size_t)KMALLOC_MAX_CACHE_SIZE + 1, "GFP_KERNEL", "task", plain);
	for (i = 0; i < ARRAY_SIZE(refused_gfps); i++) {
		if (!would_show(&refused_gfps[i], plain))
			continue;
		shown = true;
		expect_ignored(test, KMALLOC_MAX_CACHE_SIZE, &refused_gfps[i], plain);
		expect_ignored(test, KMALLOC_MAX_CACHE_SIZE + 1, &refused_gfps[i], plain);
	}
	if (!shown)
		kmb_skip(test,
			 "the page allocator gives GFP_KERNEL the same zone with these flags");
}

/* Without the flag it is silent, however many slabs are made. */
static void control_plain_request_is_silent(struct kunit *test)
{
	struct answer answer;
	size_t bytes;

	bytes = kmb_size_of(test);
	answer = ask(bytes, GFP_KERNEL, min(until_new_slab(bytes), 1024U));
	KUNIT_EXPECT_TRUE(test, answer.direct);
	KUNIT_EXPECT_EQ(test, answer.complaints + answer.others, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p22_dma_is_of_its_zone, kmb_every_size),
	KUNIT_CASE_PARAM(p22_reclaimable_wins_over_account, countable_sizes),
	KUNIT_CASE_PARAM(p23_dma32_is_complained_about, kmb_every_size),
	KUNIT_CASE(p23_each_such_zone_is_complained_about),
	KUNIT_CASE(p23_such_a_zone_is_ignored),
	KUNIT_CASE(control_memory_of_another_zone_is_seen),
	KUNIT_CASE_PARAM(control_other_slabs_are_not_counted, countable_sizes),
	KUNIT_CASE_PARAM(control_plain_request_is_silent, kmb_every_size),
	{}
};

static struct kunit_suite zones_suite = {
	.name = "kmalloc_zones",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(zones_suite);

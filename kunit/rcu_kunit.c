// SPDX-License-Identifier: GPL-2.0
/*
 * Does kfree_rcu() wait for the readers, and does it free in the end?
 *
 * What is freed too early is given out again and overwritten at once, so that
 * a reader would see it. That all is freed in the end is seen from the pages
 * that are left. Left out: readers on another CPU, see readers_kunit.c, and the
 * content of the rcu_head, which is RCU's.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "dirt.h"
#include "kernel_log.h"
#include "later.h"
#include "objects.h"
#include "promises.h"
#include "recycle.h"
#include "sizes.h"

static void free_at_once(void *object)
{
	kfree(object);
}

/* Ways to free later, with the place of the rcu_head. */
static const struct later {
	const char *name;
	void (*free)(void *object);
	size_t head;
	size_t least;
} laters[] = {
	{ .name = "kfree_rcu(), rcu_head in front", .free = kmb_front_later,
	  .head = offsetof(struct kmb_front, rcu),
	  .least = sizeof(struct kmb_front) + 8 },
	{ .name = "kfree_rcu(), rcu_head behind", .free = kmb_behind_later,
	  .head = offsetof(struct kmb_behind, rcu),
	  .least = sizeof(struct kmb_behind) },
#ifdef KMB_HAS_RCU_NOLOCK
	{ .name = "kfree_rcu_nolock()", .free = kmb_nolock_later,
	  .least = sizeof(struct kmb_front) + 8 },
#endif
};

static bool is_above_rcu_head(size_t bytes)
{
	return bytes >= sizeof(struct kmb_front) + 8;
}

static KMB_GENERATOR(sizes_above_rcu_head)
{
	return kmb_next_size(prev, desc, is_above_rcu_head);
}

/* Take and overwrite others. Return: whether @object was among them. */
static bool take_others(struct kmb_objects *held, size_t bytes,
			const void *object)
{
	unsigned int nr = clamp_t(size_t, SZ_1M / bytes, 2, KMB_MAX_OBJECTS);
	bool again = false;
	void *other;

	while (held->nr < nr) {
		other = kmb_kmalloc(bytes, GFP_ATOMIC | __GFP_NOWARN);
		if (!other)
			break;
		held->at[held->nr++] = other;
		again |= kasan_reset_tag(other) == kasan_reset_tag(object);
		memset(other, KMB_DIRT, bytes);
	}
	return again;
}

/* What became of an object that was freed under a reader's eyes. */
enum sight { KEPT, CHANGED, GIVEN_OUT };

/* Consumes @object. The reader does not look at one that was given out. */
static enum sight free_under_reader(struct kunit *test, void *object,
				    size_t bytes, const struct later *later)
{
	enum sight sight = KEPT;

	kmb_write_around(object, bytes, later->head);
	rcu_read_lock();
	later->free(object);
	if (take_others(test->priv, bytes, object))
		sight = GIVEN_OUT;
	else if (later->free != free_at_once &&
		 kmb_find_wrong_around(object, bytes, later->head))
		sight = CHANGED;
	rcu_read_unlock();
	kmb_put(test);
	return sight;
}

static void check_later(struct kunit *test, size_t bytes,
			const struct later *later)
{
	static const char * const names[] = {
		[KEPT] = "kept", [CHANGED] = "changed", [GIVEN_OUT] = "given out",
	};
	enum sight sight;
	void *object;

	object = kmb_kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	if (!object)
		kmb_skip(test, "no free block of %zu bytes", bytes);
	sight = free_under_reader(test, object, bytes, later);
	KMB_EXPECT(test, 31, sight == KEPT,
		   KMB_WHAT "%s: expected the object kept for its reader, got it %s",
		   bytes, "GFP_KERNEL", "task", later->name, names[sight]);
}

static void p31_reader_keeps_the_object(struct kunit *test)
{
	size_t bytes, i;

	kmb_promise(test, 31);
	bytes = kmb_size_of(test);
	for (i = 0; i < ARRAY_SIZE(laters); i++)
		if (bytes >= laters[i].least)
			check_later(test, bytes, &laters[i]);
}

/* kfree() in the place of kfree_rcu() is seen. */
static void control_freed_at_once_is_seen(struct kunit *test)
{
	static const struct later at_once = { .free = free_at_once };
	enum sight sight = KEPT;
	unsigned int try;
	void *object;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kmb_skip(test, "CONFIG_KASAN_GENERIC keeps freed objects in quarantine");
	for (try = 0; try < KMB_TRIES && sight == KEPT; try++) {
		object = kmb_kmalloc(256, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, object);
		sight = free_under_reader(test, object, 256, &at_once);
	}
	KUNIT_EXPECT_EQ(test, sight, GIVEN_OUT);
}

/* A byte before and one behind the rcu_head are seen. */
static void control_changed_byte_is_seen(struct kunit *test)
{
	const size_t head = offsetof(struct kmb_behind, rcu);
	const size_t bytes = sizeof(struct kmb_behind) + 8;
	struct kmb_objects *held = test->priv;
	u8 *object;

	object = kmb_kmalloc(bytes, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	held->at[held->nr++] = object;
	kmb_write_around(object, bytes, head);
	memset(object + head, 0, sizeof(struct rcu_head));
	KUNIT_EXPECT_PTR_EQ(test, kmb_find_wrong_around(object, bytes, head),
			    (const u8 *)NULL);
	object[bytes - 1]++;
	KUNIT_EXPECT_PTR_EQ(test, kmb_find_wrong_around(object, bytes, head),
			    (const u8 *)object + bytes - 1);
	object[head - 1]++;
	KUNIT_EXPECT_PTR_EQ(test, kmb_find_wrong_around(object, bytes, head),
			    (const u8 *)object + head - 1);
}

static void *by_vmalloc(size_t bytes, gfp_t flags)
{
	return __vmalloc(bytes, flags);
}

/* What has to be freed when the readers are gone. */
static const struct pending {
	const char *name;
	size_t bytes;
	void *(*alloc)(size_t bytes, gfp_t flags);
	void (*free)(void *object);
} pendings[] = {
	{ .name = "kfree_rcu()", .bytes = SZ_1K,
	  .alloc = kmb_kmalloc, .free = kmb_front_later },
	{ .name = "kfree_rcu(), rcu_head behind", .bytes = SZ_8K,
	  .alloc = kmb_kmalloc, .free = kmb_behind_later },
	{ .name = "kfree_rcu(), large", .bytes = SZ_64K,
	  .alloc = kmb_kmalloc, .free = kmb_front_later },
	{ .name = "kfree_rcu(), large, rcu_head behind", .bytes = SZ_64K,
	  .alloc = kmb_kmalloc, .free = kmb_behind_later },
	{ .name = "kvfree_rcu() of kmalloc()", .bytes = SZ_1K,
	  .alloc = kmb_kmalloc, .free = kmb_front_kv_later },
	{ .name = "kvfree_rcu() of vmalloc()", .bytes = SZ_64K,
	  .alloc = by_vmalloc, .free = kmb_front_kv_later },
	{ .name = "kvfree_rcu() of vmalloc(), rcu_head behind", .bytes = SZ_64K,
	  .alloc = by_vmalloc, .free = kmb_behind_kv_later },
	{ .name = "kvfree_rcu_mightsleep()", .bytes = SZ_64K,
	  .alloc = kmb_kmalloc, .free = kmb_headless_later },
	{ .name = "kvfree_rcu_mightsleep() of vmalloc()", .bytes = SZ_64K,
	  .alloc = by_vmalloc, .free = kmb_headless_later },
#ifdef KMB_HAS_RCU_NOLOCK
	{ .name = "kfree_rcu_nolock()", .bytes = SZ_1K,
	  .alloc = kmb_kmalloc, .free = kmb_nolock_later },
	{ .name = "kfree_rcu_nolock(), interrupts off", .bytes = SZ_1K,
	  .alloc = kmb_kmalloc, .free = kmb_nolock_later_irqs_off },
	{ .name = "kfree_rcu_nolock(), large", .bytes = SZ_64K,
	  .alloc = kmb_kmalloc, .free = kmb_nolock_later },
	{ .name = "kfree_rcu_nolock() of kmalloc_nolock()", .bytes = SZ_1K,
	  .alloc = kmb_by_kmalloc_nolock, .free = kmb_nolock_later },
#endif
#ifdef KMB_HAS_NOLOCK
	{ .name = "kfree_rcu() of kmalloc_nolock()", .bytes = SZ_1K,
	  .alloc = kmb_by_kmalloc_nolock, .free = kmb_front_later },
#endif
};

static void name_pending(const struct pending *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(pending, pendings, name_pending);

/* Return: pages that are gone, also after some time. */
static long lost_in_the_end(const struct kmb_counters *before)
{
	unsigned int tenths = KMB_KVFREE_RCU_SECONDS * 10;
	long pages;

	/* Work that frees vmalloc() memory may be left to do. */
	if (kmb_kvfree_rcu_barrier())
		tenths = 10;
	do {
		pages = kmb_lost_since(before);
		if (!kmb_is_lost(pages))
			break;
		msleep(100);
	} while (tenths--);
	return pages;
}

static void p31_freed_after_the_readers(struct kunit *test)
{
	const struct pending *row = test->param_value;
	struct kmb_counters before;
	size_t volume;
	void *object;
	long lost;

	kmb_promise(test, 31);
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kmb_skip(test, "CONFIG_KASAN_GENERIC keeps freed objects in quarantine");
	kmb_skip_if_never_served(test, row->alloc);
	kmb_counters_read(&before);
	for (volume = 0; volume < KMB_VOLUME; volume += row->bytes) {
		object = row->alloc(row->bytes, GFP_KERNEL | __GFP_NOWARN);
		KMB_NEED_OBJECT(test, object, row->bytes, "GFP_KERNEL");
		row->free(object);
	}
	lost = lost_in_the_end(&before);
	KMB_EXPECT(test, 31, !kmb_is_lost(lost),
		   KMB_WHAT "%s: expected the memory back, got %ld pages less",
		   row->bytes, "GFP_KERNEL", "task", row->name, lost);
}

/* What a control does not free; the .exit does. */
static struct kmb_chain never_freed;

/* Memory that is never freed is seen. */
static void control_pages_never_freed_are_seen(struct kunit *test)
{
	struct kmb_counters before;
	long lost;

	kmb_counters_read(&before);
	KUNIT_ASSERT_TRUE(test, kmb_chain_grow(&never_freed, KMB_VOLUME / SZ_1K,
					       SZ_1K, GFP_KERNEL));
	lost = kmb_lost_since(&before);
	kmb_chain_free(&never_freed);
	KUNIT_EXPECT_TRUE(test, kmb_is_lost(lost));
}

/* One that several share a page, and one that takes more than a page, and no whole number. */
static const unsigned int cache_sizes[] = { 200, PAGE_SIZE + 904 };

/* At most so many objects of a cache. */
#define MOST 256

/**
 * struct later_free - objects of a cache that are freed later
 * @nr: how many.
 * @bytes: their size.
 * @misplaced: of those that are had next, how many lie across one of them.
 * @were: their addresses.
 */
struct later_free {
	unsigned int nr;
	unsigned int bytes;
	unsigned int misplaced;
	unsigned long were[MOST];
};

static bool is_across_another(const struct later_free *later, unsigned long at)
{
	unsigned int i;

	for (i = 0; i < later->nr; i++)
		if (at > later->were[i] && at < later->were[i] + later->bytes)
			return true;
	return false;
}

/* Take as many again: what was freed at a wrong address is given out there. */
static void take_again(struct kmem_cache *cache, struct later_free *later)
{
	struct kmb_chain chain = {};
	unsigned int i;
	void **object;

	for (i = 0; i < later->nr; i++) {
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!object)
			break;
		later->misplaced +=
			is_across_another(later, (unsigned long)kasan_reset_tag(object));
		*object = chain.last;
		chain.last = object;
	}
	while ((object = chain.last)) {
		chain.last = *object;
		kmem_cache_free(cache, object);
	}
}

/*
 * Free @nr objects of a cache later, before it is destroyed. @takes: wait, and take as many;
 * else it is destroyed at once, and waits by itself.
 */
static void free_later_and_destroy(struct kmem_cache *cache, unsigned int nr,
				   struct later_free *later, bool takes)
{
	void *object;

	for (later->nr = 0; later->nr < nr; later->nr++) {
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!object)
			break;
		later->were[later->nr] = (unsigned long)kasan_reset_tag(object);
		kmb_front_later(object);
	}
	if (takes) {
		kmb_kvfree_rcu_barrier();
		take_again(cache, later);
	}
	kmem_cache_destroy(cache);
}

static void check_cache(struct kunit *test, unsigned int bytes, unsigned int nr,
			unsigned int align, bool takes)
{
	static struct later_free later;
	struct kmsg_dump_iter mark;
	struct kmem_cache *cache;

	kmb_log_mark(&mark);
	cache = kmem_cache_create("kmbench_rcu", bytes, align, KMB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	later = (struct later_free){ .bytes = bytes };
	free_later_and_destroy(cache, nr, &later, takes);
	KMB_NEED(test, later.nr == nr,
		 KMB_WHAT "of a cache: expected %u objects, got %u",
		 (size_t)bytes, "GFP_KERNEL", "task", nr, later.nr);
	KMB_EXPECT(test, 31, !kmb_log_warnings(&mark) && !later.misplaced,
		   KMB_WHAT
		   "kfree_rcu() of %u: expected an empty cache, and objects where they were, got %u warnings, and %u misplaced",
		   (size_t)bytes, "GFP_KERNEL", "task", nr,
		   kmb_log_warnings(&mark), later.misplaced);
}

/* Every other cache has room between its objects, as they are aligned to more. */
static void check_caches(struct kunit *test, unsigned int bytes)
{
	static const unsigned int counts[] = { 1, 2, 33, MOST };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		check_cache(test, bytes, counts[i], i % 2 * SZ_64, true);
		if (KMB_CACHE_DESTROY_WAITS)
			check_cache(test, bytes, counts[i], i % 2 * SZ_64, false);
	}
}

/* Objects of a cache, too, or it complains when it is destroyed. */
static void p31_objects_of_a_cache(struct kunit *test)
{
	size_t i;

	kmb_promise(test, 31);
	if (!kmb_kvfree_rcu_barrier() && !KMB_CACHE_DESTROY_WAITS)
		kmb_skip(test, "kmem_cache_destroy() of this kernel does not wait for kfree_rcu()");
	for (i = 0; i < ARRAY_SIZE(cache_sizes); i++)
		check_caches(test, cache_sizes[i]);
}

/* So many that a CPU with sheaves has to pass them on, and as many others. */
#define CROWD 256

/* Ticks of the clock; at any of them a reader could be taken for gone. */
#define TICKS 3

static void read_on(unsigned int ticks)
{
	unsigned long end = jiffies + ticks;

	while (time_before(jiffies, end))
		cpu_relax();
}

/* Return: how many of those a reader still sees were given out to others. */
static unsigned int count_given_out(void **freed, void **others, size_t bytes,
				    void (*free)(void *object), unsigned int ticks)
{
	unsigned int i, j, again = 0;

	rcu_read_lock();
	for (i = 0; i < CROWD; i++)
		if (freed[i])
			free(freed[i]);
	read_on(ticks);
	for (i = 0; i < CROWD; i++) {
		others[i] = kmb_kmalloc(bytes, GFP_ATOMIC | __GFP_NOWARN);
		for (j = 0; others[i] && j < CROWD; j++)
			again += kasan_reset_tag(others[i]) == kasan_reset_tag(freed[j]);
	}
	rcu_read_unlock();
	for (i = 0; i < CROWD; i++)
		kfree(others[i]);
	return again;
}

/* Frees a crowd. Return: as count_given_out(). */
static unsigned int crowd_under_reader(struct kunit *test, size_t bytes,
				       void (*free)(void *object), unsigned int ticks)
{
	void **freed = kunit_kzalloc(test, 2 * CROWD * sizeof(*freed), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, freed);
	for (i = 0; i < CROWD; i++)
		freed[i] = kmb_kmalloc(bytes, GFP_KERNEL);
	return count_given_out(freed, freed + CROWD, bytes, free, ticks);
}

static bool is_slab_above_rcu_head(size_t bytes)
{
	return is_above_rcu_head(bytes) && kmb_is_from_slab(bytes);
}

static KMB_GENERATOR(slab_sizes_above_rcu_head)
{
	return kmb_next_size(prev, desc, is_slab_above_rcu_head);
}

static void p31_reader_keeps_a_crowd(struct kunit *test)
{
	unsigned int again;
	size_t bytes;

	kmb_promise(test, 31);
	bytes = kmb_size_of(test);
	again = crowd_under_reader(test, bytes, kmb_front_later, 0);
	KMB_EXPECT(test, 31, !again,
		   KMB_WHAT "kfree_rcu() of %d: expected all kept, got %u given out",
		   bytes, "GFP_KERNEL", "task", CROWD, again);
}

/* Where RCU has the objects at once: on one CPU, and where sheaves of them are passed on. */
static void p31_reader_outlasts_the_clock(struct kunit *test)
{
	unsigned int again;

	kmb_promise(test, 31);
	again = crowd_under_reader(test, 256, kmb_front_later, TICKS);
	KMB_EXPECT(test, 31, !again,
		   KMB_WHAT "kfree_rcu() of %d and %d ticks: expected all kept, got %u given out",
		   (size_t)256, "GFP_KERNEL", "task", CROWD, TICKS, again);
}

static void control_crowd_freed_at_once_is_seen(struct kunit *test)
{
	unsigned int try, again = 0;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kmb_skip(test, "CONFIG_KASAN_GENERIC keeps freed objects in quarantine");
	/* The task may have moved to another CPU meanwhile. */
	for (try = 0; try < KMB_TRIES && !again; try++)
		again = crowd_under_reader(test, 256, free_at_once, TICKS);
	KUNIT_EXPECT_GT(test, again, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p31_reader_keeps_the_object, sizes_above_rcu_head),
	KUNIT_CASE_PARAM(p31_freed_after_the_readers, pending_gen_params),
	KUNIT_CASE(p31_objects_of_a_cache),
	KUNIT_CASE_PARAM(p31_reader_keeps_a_crowd, slab_sizes_above_rcu_head),
	KUNIT_CASE(p31_reader_outlasts_the_clock),
	KUNIT_CASE(control_freed_at_once_is_seen),
	KUNIT_CASE(control_crowd_freed_at_once_is_seen),
	KUNIT_CASE(control_changed_byte_is_seen),
	KUNIT_CASE(control_pages_never_freed_are_seen),
	{}
};

static void rcu_exit(struct kunit *test)
{
	kmb_chain_free(&never_freed);
	kmb_objects_exit(test);
}

static struct kunit_suite rcu_suite = {
	.name = "kmalloc_rcu",
	.init = kmb_objects_init,
	.exit = rcu_exit,
	.test_cases = cases,
};

kunit_test_suite(rcu_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * Does kmem_cache_alloc_bulk() give all objects that were asked for, or none
 * and leave nothing behind?
 *
 * Each case has caches of its own, which complain when they are destroyed with
 * an object in use. Failures come from fault injection, before the first
 * object, and from asking for more than the machine has, after some: those
 * that the CPU had kept, and new ones. Left out: calls with interrupts off,
 * which are not legal.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "dirt.h"
#include "inject.h"
#include "kernel_log.h"
#include "objects.h"
#include "pattern.h"
#include "promises.h"
#include "recycle.h"
#include "scarcity.h"
#include "sizes.h"

#define MAX_BULK 256

/* What a constructor leaves in each byte. */
#define BUILT 0x3c

/**
 * struct bulk - a cache, and objects of it
 * @cache: the cache, NULL when there is none.
 * @bytes: the size of its objects.
 * @nr: objects that are held.
 * @at: where they are, and one place more that has to stay as it is.
 * @were: where they were before.
 * @mark: the end of the log when the cache was created.
 */
struct bulk {
	struct kmem_cache *cache;
	size_t bytes;
	unsigned int nr;
	void *at[MAX_BULK + 1];
	void *were[MAX_BULK];
	struct kmsg_dump_iter mark;
};

static size_t built_bytes;

static void build(void *object)
{
	memset(object, BUILT, built_bytes);
}

static const struct variant {
	const char *name;
	slab_flags_t flags;
	void (*ctor)(void *object);
} variants[] = {
	{ .name = "plain" },
	{ .name = "SLAB_HWCACHE_ALIGN", .flags = SLAB_HWCACHE_ALIGN },
	{ .name = "constructor", .ctor = build },
};

static const unsigned int counts[] = { 1, 2, 3, 16, 33, 64, 255, MAX_BULK };

static bool from_slab(size_t bytes)
{
	return bytes <= KMALLOC_MAX_CACHE_SIZE;
}

static KMB_GENERATOR(slab_sizes)
{
	return kmb_next_size(prev, desc, from_slab);
}

static int bulk_init(struct kunit *test)
{
	struct bulk *bulk;

	kmb_case_begins(test);
	bulk = kunit_kmalloc(test, sizeof(*bulk), GFP_KERNEL);
	if (!bulk)
		return -ENOMEM;
	bulk->cache = NULL;
	bulk->nr = 0;
	test->priv = bulk;
	return 0;
}

static void create(struct kunit *test, size_t bytes,
		   const struct variant *variant)
{
	struct bulk *bulk = test->priv;

	built_bytes = bytes;
	bulk->bytes = bytes;
	kmb_log_mark(&bulk->mark);
	bulk->cache = kmem_cache_create("kmbench_bulk", bytes, 0,
					variant->flags | KMB_NO_MERGE,
					variant->ctor);
	KUNIT_ASSERT_NOT_NULL(test, bulk->cache);
}

static void give_back(struct bulk *bulk)
{
	kmem_cache_free_bulk(bulk->cache, bulk->nr, bulk->at);
	bulk->nr = 0;
}

static void bulk_exit(struct kunit *test)
{
	struct bulk *bulk = test->priv;

	kmb_scarcity_exit(test);
	if (!bulk || !bulk->cache)
		return;
	give_back(bulk);
	kmem_cache_destroy(bulk->cache);
	bulk->cache = NULL;
}

/* A cache that still has an object warns. */
static void destroy(struct kunit *test, const char *what)
{
	struct bulk *bulk = test->priv;

	kmem_cache_destroy(bulk->cache);
	bulk->cache = NULL;
	KMB_EXPECT(test, 29, !kmb_log_warnings(&bulk->mark),
		   "size %zu, all flags, task: %s: expected an empty cache, got %u warnings",
		   bulk->bytes, what, kmb_log_warnings(&bulk->mark));
}

static bool take(struct kunit *test, unsigned int nr, gfp_t flags,
		 const char *gfp)
{
	struct bulk *bulk = test->priv;
	size_t got;

	memset(bulk->at, 0, sizeof(bulk->at));
	got = kmb_alloc_bulk(bulk->cache, flags | __GFP_NOWARN, nr, bulk->at);
	bulk->nr = got == nr ? nr : 0;
	return KMB_EXPECT(test, 29, got == nr,
			  KMB_WHAT "expected %u objects, got %zu", bulk->bytes,
			  gfp, "task", nr, got);
}

/* Return: what is wrong with fresh objects, NULL if nothing is. */
static const char *find_fault(struct bulk *bulk, bool built, bool zeroed)
{
	unsigned int i;

	for (i = 0; i < bulk->nr; i++) {
		if (ZERO_OR_NULL_PTR(bulk->at[i]))
			return "no object";
		if (built && memchr_inv(bulk->at[i], BUILT, bulk->bytes))
			return "an object without its constructor's content";
		if (zeroed && memchr_inv(bulk->at[i], 0, bulk->bytes))
			return "an object that is not zeroed";
	}
	return bulk->at[bulk->nr] ? "one more" : NULL;
}

/* Return: the same once all have been written in full. */
static const char *find_shared(struct bulk *bulk)
{
	unsigned int i;

	for (i = 0; i < bulk->nr; i++)
		kmb_pattern_write(bulk->at[i], 0, bulk->bytes, i);
	for (i = 0; i < bulk->nr; i++)
		if (kmb_pattern_find_wrong(bulk->at[i], 0, bulk->bytes, i))
			return "an object that shares memory with another";
	return NULL;
}

/* Whether one is missing or shared, and to free all of them would do harm. */
static bool is_hopeless(struct bulk *bulk)
{
	unsigned int i;

	for (i = 0; i < bulk->nr; i++)
		if (ZERO_OR_NULL_PTR(bulk->at[i]))
			return true;
	return find_shared(bulk);
}

/* All at once, one by one, or half and half. */
static void give_back_somehow(struct bulk *bulk, unsigned int way)
{
	unsigned int left = way % 3 == 0 ? bulk->nr :
			    way % 3 == 1 ? 0 : bulk->nr / 2;

	while (bulk->nr > left) {
		bulk->nr--;
		kmem_cache_free(bulk->cache, bulk->at[bulk->nr]);
	}
	if (bulk->nr)
		give_back(bulk);
}

static void rebuild(struct bulk *bulk)
{
	unsigned int i;

	for (i = 0; i < bulk->nr; i++)
		build(bulk->at[i]);
}

static bool check_round(struct kunit *test, const struct variant *variant,
			unsigned int round)
{
	const struct kmb_gfp *gfp = &kmb_gfps[round % ARRAY_SIZE(kmb_gfps)];
	gfp_t flags = gfp->flags & ~(variant->ctor ? __GFP_ZERO : 0);
	struct bulk *bulk = test->priv;
	const char *fault;
	bool kept;

	if (!take(test, counts[round % ARRAY_SIZE(counts)], flags, gfp->name))
		return false;
	fault = find_fault(bulk, variant->ctor, flags & __GFP_ZERO);
	if (!fault)
		fault = find_shared(bulk);
	kept = KMB_EXPECT(test, 29, !fault,
			  KMB_WHAT "%s, bulk of %u: expected good objects, got %s",
			  bulk->bytes, gfp->name, "task", variant->name,
			  bulk->nr, fault);
	if (!kept && is_hopeless(bulk))
		bulk->nr = 0;
	if (variant->ctor)
		rebuild(bulk);
	give_back_somehow(bulk, round);
	return kept;
}

/* So many rounds that each count meets each set of flags and way to free. */
static void p29_all_are_objects_of_their_own(struct kunit *test)
{
	unsigned int v, round;
	size_t bytes;

	kmb_promise(test, 29);
	bytes = kmb_size_of(test);
	for (v = 0; v < ARRAY_SIZE(variants); v++) {
		create(test, bytes, &variants[v]);
		for (round = 0; round < 3 * ARRAY_SIZE(counts); round++)
			if (!check_round(test, &variants[v], round))
				return;
		destroy(test, variants[v].name);
	}
}

/* Write a bulk in full and free it. */
static void dirty(struct kunit *test, unsigned int nr)
{
	struct bulk *bulk = test->priv;
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, take(test, nr, GFP_KERNEL, "GFP_KERNEL"));
	for (i = 0; i < nr; i++)
		memset(bulk->at[i], KMB_DIRT, bulk->bytes);
	memcpy(bulk->were, bulk->at, sizeof(bulk->were));
	give_back(bulk);
}

static bool was_dirty(const struct bulk *bulk, const void *object)
{
	unsigned int i;

	for (i = 0; i < MAX_BULK; i++)
		if (kasan_reset_tag(bulk->were[i]) == kasan_reset_tag(object))
			return true;
	return false;
}

/* Return: how many of a bulk had been dirty. */
static unsigned int count_back(const struct bulk *bulk)
{
	unsigned int i, back = 0;

	for (i = 0; i < bulk->nr; i++)
		back += was_dirty(bulk, bulk->at[i]);
	return back;
}

static void p29_zeroed_in_full(struct kunit *test)
{
	struct bulk *bulk = test->priv;
	const char *fault;

	kmb_promise(test, 29);
	kmb_dirt_or_skip(test);
	create(test, kmb_size_of(test), &variants[0]);
	dirty(test, 64);
	if (!take(test, 64, GFP_KERNEL | __GFP_ZERO, "GFP_KERNEL|__GFP_ZERO"))
		return;
	fault = find_fault(bulk, false, true);
	KMB_EXPECT(test, 29, !fault,
		   KMB_WHAT "expected zeroed objects, got %s", bulk->bytes,
		   "GFP_KERNEL|__GFP_ZERO", "task", fault);
	if (!count_back(bulk))
		kmb_skip(test, "no object that was freed came back");
	give_back(bulk);
	destroy(test, "zeroed");
}

/* Without the flag the dirt has to be there. */
static void control_bulk_dirt_stays(struct kunit *test)
{
	struct bulk *bulk = test->priv;

	kmb_dirt_or_skip(test);
	create(test, kmb_size_of(test), &variants[0]);
	dirty(test, 64);
	KUNIT_ASSERT_TRUE(test, take(test, 64, GFP_KERNEL, "GFP_KERNEL"));
	if (!count_back(bulk))
		kmb_skip(test, "no object that was freed came back");
	KUNIT_EXPECT_NOT_NULL(test, find_fault(bulk, false, true));
}

/* Return: as kmb_alloc_bulk(); @changed: what is not as it was, NULL for nothing. */
static size_t alloc_watched(struct kmem_cache *cache, size_t nr, void **at,
			    const char **changed)
{
	int preempt = preempt_count();
	bool irqs_off = irqs_disabled();
	size_t got;

	got = kmb_alloc_bulk(cache, GFP_NOWAIT | __GFP_NOWARN, nr, at);
	*changed = irqs_disabled() != irqs_off ? "interrupts" :
		   preempt_count() != preempt ? "preemption" : NULL;
	if (irqs_disabled() && !irqs_off)
		local_irq_enable();
	return got;
}

static void expect_kept(struct kunit *test, size_t bytes, unsigned int nr,
			const char *changed)
{
	KMB_EXPECT(test, 29, !changed,
		   KMB_WHAT "failed bulk of %u: expected the context as it was, got other %s",
		   bytes, "GFP_NOWAIT", "task", nr, changed);
}

static void p29_injected_failure_gives_none(struct kunit *test)
{
	struct bulk *bulk = test->priv;
	unsigned int i, left;
	size_t got;
	const char *changed;

	kmb_promise(test, 29);
	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kmb_skip(test, "CONFIG_FAILSLAB is off");
	create(test, kmb_size_of(test), &variants[0]);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		kmb_inject(1);
		got = alloc_watched(bulk->cache, counts[i], bulk->at, &changed);
		left = kmb_inject_end();
		expect_kept(test, bulk->bytes, counts[i], changed);
		KMB_EXPECT(test, 29, !left,
			   KMB_WHAT "bulk of %u: expected a failure to be met, got none",
			   bulk->bytes, "GFP_NOWAIT", "task", counts[i]);
		KMB_EXPECT(test, 29, !got,
			   KMB_WHAT "bulk of %u, made to fail: expected none, got %zu",
			   bulk->bytes, "GFP_NOWAIT", "task", counts[i], got);
	}
	destroy(test, "made to fail");
}

/* Objects of which a few can be had, and not many: all other memory is held. */
#define HUGE_BYTES min_t(size_t, KMALLOC_MAX_SIZE / 2, SZ_2M)
#define HUGE_FEW 16
#define HUGE_MANY 128

/* Objects of which a part comes from what the CPU has, before there are none. */
#define WARM 4

static void warm(struct bulk *bulk)
{
	unsigned int i;

	for (i = 0; i < WARM; i++)
		bulk->at[i] = kmem_cache_alloc(bulk->cache,
					       GFP_NOWAIT | __GFP_NOWARN);
	while (i--)
		if (bulk->at[i])
			kmem_cache_free(bulk->cache, bulk->at[i]);
}

static bool is_one_lost(long pages)
{
	return pages > (long)(HUGE_BYTES / 2 / PAGE_SIZE);
}

/* Return: as kmb_alloc_bulk(). Interrupts may be off meanwhile, so that it is not all memory. */
static size_t ask_for_many(struct kmem_cache *cache, void **at, const char **changed)
{
	struct kmb_chain few = {};
	size_t got;

	kmb_chain_grow(&few, HUGE_FEW, HUGE_BYTES, GFP_KERNEL | __GFP_NOWARN);
	kmb_scarcity_take(0, 0);
	kmb_chain_free(&few);
	got = alloc_watched(cache, HUGE_MANY, at, changed);
	if (got)
		kmem_cache_free_bulk(cache, got, at);
	kmb_scarcity_give_all();
	return got;
}

static void p29_too_many_gives_none(struct kunit *test)
{
	struct bulk *bulk = test->priv;
	struct kmb_counters before;
	const char *changed;
	void **array;
	size_t got;
	long lost;

	kmb_promise(test, 29);
	kmb_scarcity_begin(test);
	array = kunit_kmalloc(test, HUGE_MANY * sizeof(*array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, array);
	kmb_counters_read(&before);
	create(test, HUGE_BYTES, &variants[0]);
	warm(bulk);
	got = ask_for_many(bulk->cache, array, &changed);
	destroy(test, "more than the machine has");
	KMB_EXPECT(test, 29, !got,
		   KMB_WHAT "bulk of %u: expected none, got %zu", HUGE_BYTES,
		   "GFP_NOWAIT", "task", HUGE_MANY, got);
	expect_kept(test, HUGE_BYTES, HUGE_MANY, changed);
	lost = kmb_lost_since(&before);
	KMB_EXPECT(test, 29, !is_one_lost(lost),
		   KMB_WHAT "bulk of %u: expected all memory back, got %ld pages less",
		   HUGE_BYTES, "GFP_NOWAIT", "task", HUGE_MANY, lost);
}

/* A single object that is left behind is seen. */
static void control_object_left_behind_is_seen(struct kunit *test)
{
	struct bulk *bulk = test->priv;
	struct kmb_counters before;

	kmb_counters_read(&before);
	create(test, HUGE_BYTES, &variants[0]);
	KUNIT_ASSERT_TRUE(test, take(test, 1, GFP_KERNEL, "GFP_KERNEL"));
	KUNIT_EXPECT_TRUE(test, is_one_lost(kmb_lost_since(&before)));
	give_back(bulk);
}

/* An object that is given twice, one that is missing, and one too many. */
static void control_bad_bulk_is_seen(struct kunit *test)
{
	struct bulk *bulk = test->priv;
	void *first;

	create(test, 64, &variants[0]);
	KUNIT_ASSERT_TRUE(test, take(test, 16, GFP_KERNEL, "GFP_KERNEL"));
	KUNIT_EXPECT_PTR_EQ(test, find_fault(bulk, false, false),
			    (const char *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, find_shared(bulk), (const char *)NULL);
	first = bulk->at[0];
	bulk->at[0] = bulk->at[15];
	KUNIT_EXPECT_NOT_NULL(test, find_shared(bulk));
	bulk->at[0] = NULL;
	KUNIT_EXPECT_NOT_NULL(test, find_fault(bulk, false, false));
	bulk->at[0] = first;
	bulk->at[16] = first;
	KUNIT_EXPECT_NOT_NULL(test, find_fault(bulk, false, false));
	memset(first, 1, 64);
	KUNIT_EXPECT_NOT_NULL(test, find_fault(bulk, false, true));
	KUNIT_EXPECT_NOT_NULL(test, find_fault(bulk, true, false));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p29_all_are_objects_of_their_own, slab_sizes),
	KUNIT_CASE_PARAM(p29_zeroed_in_full, slab_sizes),
	KUNIT_CASE_PARAM(p29_injected_failure_gives_none, slab_sizes),
	KUNIT_CASE(p29_too_many_gives_none),
	KUNIT_CASE_PARAM(control_bulk_dirt_stays, slab_sizes),
	KUNIT_CASE(control_object_left_behind_is_seen),
	KUNIT_CASE(control_bad_bulk_is_seen),
	{}
};

static struct kunit_suite bulk_suite = {
	.name = "kmalloc_bulk",
	.init = bulk_init,
	.exit = bulk_exit,
	.test_cases = cases,
};

kunit_test_suite(bulk_suite);

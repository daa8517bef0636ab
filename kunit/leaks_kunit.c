// SPDX-License-Identifier: GPL-2.0
/*
 * Does all memory come back, and are large objects counted?
 *
 * Of each size so many objects are taken and given back that one in LEAK_EVERY
 * that stayed would keep far more pages than the noise: objects of slabs are
 * held at once, so that each slab has some that would keep it; the larger ones
 * come and go. Left out: objects that other contexts free, and slabs of
 * a kernel that counts its own records of objects among them.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../module/tables.h"
#include "counters.h"
#include "objects.h"
#include "promises.h"
#include "recycle.h"
#include "sizes.h"

/* A leak of one object in so many is found. */
#define LEAK_EVERY 64
/* Pages that one in LEAK_EVERY keeps at least, and that noise may keep. */
#define SIGNAL 48
#define NOISE 16
/* Above, only one way to free is tried, as one of them writes every byte. */
#define MANY_WAYS SZ_64K
/* Readings of the counters, one of which nobody else may disturb. */
#define TRIES 16

static void free_by_krealloc(const void *object)
{
	void *none = krealloc(object, kmb_hide(0), GFP_KERNEL);

	WARN_ON(none != ZERO_SIZE_PTR);
}

static void free_by_kvfree(const void *object)
{
	kvfree(object);
}

static const struct way {
	const char *name;
	void (*free)(const void *object);
} ways[] = {
	{ .name = "kfree()", .free = kfree },
	{ .name = "kvfree()", .free = free_by_kvfree },
	{ .name = "kfree_sensitive()", .free = kfree_sensitive },
	{ .name = "krealloc() to 0", .free = free_by_krealloc },
};

/**
 * struct churn - objects to take and to give back
 * @bytes: their size.
 * @nr: how many.
 * @way: how they are freed.
 * @keep: one of so many is not, 0 for none.
 * @kept: (out) a list of those, linked through their first word.
 * @got: (out) how many were had.
 */
struct churn {
	size_t bytes;
	unsigned long nr;
	const struct way *way;
	unsigned int keep;
	void **kept;
	unsigned long got;
};

/* Each object that leaks keeps its own pages, or at least one of its slab. */
static unsigned long churn_nr(size_t bytes)
{
	unsigned long leaking = SIGNAL / max(1UL, bytes / PAGE_SIZE) + 1;

	return max(LEAK_EVERY * leaking, SIGNAL * PAGE_SIZE / bytes);
}

static void *take(struct churn *churn, unsigned long i)
{
	gfp_t flags = kmb_gfps[i % ARRAY_SIZE(kmb_gfps)].flags;
	void *object = kmb_kmalloc(churn->bytes, flags | __GFP_NOWARN);

	churn->got += !!object;
	return object;
}

static void push(void ***list, void *object)
{
	*(void ***)object = *list;
	*list = object;
}

static void *pop(void ***list)
{
	void **object = *list;

	if (object)
		*list = *object;
	return object;
}

static void give_back(struct churn *churn, unsigned long i, void *object)
{
	if (churn->keep && i % churn->keep == 0)
		push(&churn->kept, object);
	else
		churn->way->free(object);
}

static void churn_held(struct churn *churn, unsigned long from, unsigned long to)
{
	void **held = NULL;
	unsigned long i;
	void *object;

	for (i = from; i < to; i++) {
		object = take(churn, i);
		if (object)
			push(&held, object);
	}
	for (i = from; (object = pop(&held)); i++)
		give_back(churn, i, object);
}

static void churn_slabs(void *arg)
{
	struct churn *churn = arg;
	unsigned long step = KMB_MAX_HELD / churn->bytes, i;

	for (i = 0; i < churn->nr; i += step)
		churn_held(churn, i, min(i + step, churn->nr));
}

static void churn_pages(void *arg)
{
	struct churn *churn = arg;
	unsigned long i;
	void *object;

	for (i = 0; i < churn->nr; i++) {
		object = take(churn, i);
		if (object)
			give_back(churn, i, object);
	}
}

static void free_kept(void *arg)
{
	struct churn *churn = arg;
	void *object;

	while ((object = pop(&churn->kept)))
		kfree(object);
}

static long lost_by(struct churn *churn)
{
	churn->got = 0;
	if (kmb_is_from_slab(churn->bytes))
		return kmb_pages_lost(churn->bytes, NOISE, churn_slabs, churn);
	return kmb_pages_lost(churn->bytes, NOISE, churn_pages, churn);
}

static void skip_if_slabs_are_noisy(struct kunit *test, size_t bytes)
{
	if (kmb_is_from_slab(bytes) && IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		kmb_skip(test, "CONFIG_DEBUG_KMEMLEAK: its records of objects are slabs, too");
}

static void p39_all_memory_comes_back(struct kunit *test)
{
	struct churn churn = {};
	long lost;
	size_t i;

	kmb_promise(test, 39);
	churn.bytes = kmb_size_of(test);
	churn.nr = churn_nr(churn.bytes);
	kmb_pages_or_skip(test);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		churn.way = &ways[i];
		lost = lost_by(&churn);
		if (!churn.got)
			kmb_skip(test, "no free block of %zu bytes", churn.bytes);
		KMB_EXPECT(test, 39, lost <= NOISE,
			   KMB_WHAT "%s: expected all pages of %lu objects back, got %ld too few",
			   churn.bytes, "all flags", "task", churn.way->name,
			   churn.nr, lost);
		if (churn.bytes > MANY_WAYS)
			break;
	}
}

/* Return: the pages that are gone although nobody asked for empty slabs. */
static long kept_by_slabs(size_t bytes, unsigned int keep)
{
	struct churn churn = { .bytes = bytes, .way = &ways[0], .keep = keep,
			       .nr = KMB_VOLUME / bytes };
	struct kmb_counters before;
	long kept;

	kmb_counters_read(&before);
	churn_held(&churn, 0, churn.nr);
	kept = kmb_lost_since(&before);
	free_kept(&churn);
	return kept;
}

/* Smaller ones take time, as there are so many. */
static bool is_64_from_slab(size_t bytes)
{
	return bytes >= 64 && kmb_is_from_slab(bytes);
}

static KMB_GENERATOR(sizes_from_64)
{
	return kmb_next_size(prev, desc, is_64_from_slab);
}

static void p39_empty_slabs_come_back(struct kunit *test)
{
	size_t bytes;
	long kept;

	kmb_promise(test, 39);
	bytes = kmb_size_of(test);
	skip_if_slabs_are_noisy(test, bytes);
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kmb_skip(test, "CONFIG_KASAN_GENERIC keeps freed objects in quarantine");
	kept = kept_by_slabs(bytes, 0);
	KMB_EXPECT(test, 39, !kmb_is_lost(kept),
		   KMB_WHAT "freed: expected nearly all of %lu pages back, got %ld too few",
		   bytes, "all flags", "task", KMB_VOLUME / PAGE_SIZE, kept);
}

/* One object in each slab keeps it. */
static void control_slab_in_use_is_seen(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, kmb_is_lost(kept_by_slabs(SZ_512, 4)));
}

/* One object in LEAK_EVERY stays, and its pages are missed until it goes. */
static void control_leak_is_seen(struct kunit *test)
{
	struct churn churn = { .way = &ways[0], .keep = LEAK_EVERY };
	/* KASAN gives back at once what it kept of thousands of objects that are long freed. */
	int quarantines = IS_ENABLED(CONFIG_KASAN_GENERIC) ? 12 : 0;
	long lost, back, planted, wanted;

	churn.bytes = kmb_size_of(test);
	churn.nr = churn_nr(churn.bytes);
	planted = churn.nr / LEAK_EVERY * churn.bytes / PAGE_SIZE;
	skip_if_slabs_are_noisy(test, churn.bytes);
	do {
		lost = lost_by(&churn);
		if (!churn.kept)
			kmb_skip(test, "no free block of %zu bytes", churn.bytes);
		back = -kmb_pages_lost(churn.bytes, -lost, free_kept, &churn);
		/* Of small objects each keeps a slab, which is far more than they are. */
		wanted = IS_ENABLED(CONFIG_KASAN_GENERIC) ? planted : lost;
	} while ((lost <= NOISE || back < wanted - NOISE) && quarantines-- > 0);
	KUNIT_EXPECT_GT(test, lost, NOISE);
	KUNIT_EXPECT_GE(test, back, wanted - NOISE);
}

static long pages_of(size_t bytes)
{
	return 1L << get_order(bytes);
}

/**
 * struct count - what was counted while a large object lived
 * @taken: how many pages of unreclaimable slabs more than before it.
 * @left: how many more than before it were left after it.
 */
struct count {
	long taken;
	long left;
};

/* Also of what may be reclaimed: a large object cannot. */
static const struct kmb_gfp counted_gfps[] = {
	KMB_GFP(GFP_KERNEL, ""), KMB_GFP(GFP_KERNEL | __GFP_RECLAIMABLE, ""),
};

static struct count count_life(size_t bytes, size_t first_bytes, gfp_t flags)
{
	struct kmb_counters before, during, after;
	void *object, *grown;

	kmb_counters_read(&before);
	object = kmb_kmalloc(first_bytes, flags | __GFP_NOWARN);
	grown = krealloc(object, kmb_hide(bytes), flags | __GFP_NOWARN);
	kmb_counters_read(&during);
	kfree(grown ?: object);
	kmb_counters_read(&after);
	if (!grown)
		return (struct count){ .taken = -1 };
	return (struct count){
		.taken = during.unreclaimable - before.unreclaimable,
		.left = after.unreclaimable - before.unreclaimable,
	};
}

static bool is_exact(const struct count *count, size_t bytes)
{
	return count->taken == pages_of(bytes) && !count->left;
}

/* Tries again when another task may have disturbed the count. */
static void expect_count_of(struct kunit *test, size_t bytes, size_t first_bytes,
			    const struct kmb_gfp *gfp)
{
	struct count count = {};
	unsigned int try;

	for (try = 0; try < TRIES && !is_exact(&count, bytes); try++)
		count = count_life(bytes, first_bytes, gfp->flags);
	if (count.taken < 0)
		kmb_skip(test, "no free block of %zu bytes", bytes);
	KMB_EXPECT(test, 38, is_exact(&count, bytes),
		   KMB_WHAT "from %zu: expected %ld pages more of slab, then 0, got %ld, %ld",
		   bytes, gfp->name, "task", first_bytes, pages_of(bytes),
		   count.taken, count.left);
}

static void expect_count(struct kunit *test, size_t bytes, size_t first_bytes)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counted_gfps); i++)
		expect_count_of(test, bytes, first_bytes, &counted_gfps[i]);
}

static void p38_large_object_is_counted(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 38);
	bytes = kmb_size_of(test);
	expect_count(test, bytes, bytes);
}

static void p38_krealloc_is_counted(struct kunit *test)
{
	size_t bytes;

	kmb_promise(test, 38);
	bytes = kmb_size_of(test);
	expect_count(test, bytes, max_t(size_t, bytes / 2,
					KMALLOC_MAX_CACHE_SIZE + 1));
}

struct planted {
	size_t bytes;
	void *object;
};

static void plant(void *arg)
{
	struct planted *planted = arg;

	planted->object = kmb_kmalloc(planted->bytes, GFP_KERNEL | __GFP_NOWARN);
}

static void pull(void *arg)
{
	struct planted *planted = arg;

	kfree(planted->object);
}

/* A large object that stays is missed to the page, and so is its return. */
static void control_lost_pages_are_counted(struct kunit *test)
{
	struct planted planted = { .bytes = kmb_size_of(test) };
	long pages = pages_of(planted.bytes), lost = 0, back = 0;
	unsigned int try;

	for (try = 0; try < TRIES && (lost != pages || back != -pages); try++) {
		lost = kmb_pages_lost(planted.bytes, pages, plant, &planted);
		back = kmb_pages_lost(planted.bytes, -pages, pull, &planted);
		if (!planted.object)
			kmb_skip(test, "no free block of %zu bytes", planted.bytes);
	}
	KUNIT_EXPECT_EQ(test, lost, pages);
	KUNIT_EXPECT_EQ(test, back, -pages);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p39_all_memory_comes_back, kmb_every_size),
	KUNIT_CASE_PARAM(p39_empty_slabs_come_back, sizes_from_64),
	KUNIT_CASE(control_slab_in_use_is_seen),
	KUNIT_CASE_PARAM(control_leak_is_seen, kmb_every_size),
	KUNIT_CASE_PARAM(p38_large_object_is_counted, kmb_every_large_size),
	KUNIT_CASE_PARAM(p38_krealloc_is_counted, kmb_every_large_size),
	KUNIT_CASE_PARAM(control_lost_pages_are_counted, kmb_every_large_size),
	{}
};

static struct kunit_suite leaks_suite = {
	.name = "kmalloc_leaks",
	.init = kmb_case_begins,
	.test_cases = cases,
};

kunit_test_suite(leaks_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * Does kmalloc() keep its promises where memory is scarce, obey a flag that
 * forbids the reserves, and does what it gathered then come back?
 *
 * Below the low watermark pages come another way through the page allocator,
 * and what a CPU gathers of a cache comes in part. Each case records what it
 * sees, gives the memory back, and only then judges. Left out: that a request
 * gets anything at all there, see exhaustion_kunit.c.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../module/compat.h"
#include "counters.h"
#include "dirt.h"
#include "kernel_log.h"
#include "later.h"
#include "objects.h"
#include "promises.h"
#include "scarcity.h"

/*
 * Objects that are written, freed, and asked for again: more pages than a CPU may have taken
 * below the watermark for itself.
 */
#define FEW 16
/* Pages of its own, which no CPU keeps at hand: what clears it is the page allocator. */
#define LARGE (PAGE_SIZE << (PAGE_ALLOC_COSTLY_ORDER + 1))

/* More than a machine without memory has of the smallest. */
#define MANY 65536

/* Each may lose some bytes: half of them more than NOISE. */
#define FAILURES 2048

/* Bytes that are asked for without a lock. */
#define NOLOCK SZ_512

#define NOISE 64 /* Pages that others may take or keep meanwhile. */

/**
 * struct handful - some large objects
 * @nr: how many.
 * @at: their addresses.
 */
struct handful {
	unsigned int nr;
	void *at[FEW];
};

static void take(struct handful *hand, gfp_t flags)
{
	for (hand->nr = 0; hand->nr < FEW; hand->nr++) {
		hand->at[hand->nr] = kmb_kmalloc(LARGE, flags | __GFP_NOWARN);
		if (!hand->at[hand->nr])
			return;
	}
}

static void put(struct handful *hand)
{
	while (hand->nr)
		kfree(hand->at[--hand->nr]);
}

/**
 * struct sight - what became of dirt
 * @got: objects that were had.
 * @again: how many of them had been written before.
 * @dirty: how many of them are not all zero.
 */
struct sight {
	unsigned int got;
	unsigned int again;
	unsigned int dirty;
};

static bool is_among(const void *object, const struct handful *hand)
{
	unsigned int i;

	for (i = 0; i < hand->nr; i++)
		if (kasan_reset_tag(object) == kasan_reset_tag(hand->at[i]))
			return true;
	return false;
}

static void look(struct sight *sight, const struct handful *were, gfp_t flags)
{
	struct handful now;
	unsigned int i;

	take(&now, flags);
	for (i = 0; i < now.nr; i++) {
		sight->got++;
		sight->again += is_among(now.at[i], were);
		sight->dirty += !!memchr_inv(now.at[i], 0, LARGE);
	}
	put(&now);
}

/* All memory but these few objects is taken, and then they are freed. */
static struct sight see_dirt(struct kunit *test, gfp_t flags)
{
	struct sight sight = {};
	struct handful were;
	unsigned int i;

	kmb_scarcity_begin(test);
	take(&were, GFP_KERNEL);
	for (i = 0; i < were.nr; i++)
		memset(were.at[i], KMB_DIRT, LARGE);
	kmb_scarcity_take_all_but_one();
	for (i = were.nr; i; i--)
		kfree(were.at[i - 1]);
	look(&sight, &were, flags);
	kmb_scarcity_give_all();
	return sight;
}

static void p12_zeroed_below_the_watermark(struct kunit *test)
{
	struct sight sight;

	kmb_promise(test, 12);
	kmb_flag_or_skip(test);
	sight = see_dirt(test, GFP_NOWAIT | __GFP_ZERO);
	if (!sight.again)
		kmb_skip(test, "of %u objects no object that was freed came back", sight.got);
	KMB_EXPECT(test, 12, !sight.dirty,
		   KMB_WHAT
		   "below the low watermark: expected all zero, got %u of %u objects that are not",
		   (size_t)LARGE, "GFP_NOWAIT|__GFP_ZERO", "task", sight.dirty, sight.got);
}

/* Or it would be zero by chance. */
static void control_dirt_comes_back_when_scarce(struct kunit *test)
{
	struct sight sight;

	kmb_dirt_or_skip(test);
	sight = see_dirt(test, GFP_NOWAIT);
	if (!sight.again)
		kmb_skip(test, "of %u objects no object that was freed came back", sight.got);
	KUNIT_EXPECT_GT(test, sight.dirty, 0);
}

/* Times to begin again, where others took what was left, or gave some back. */
#define TRIES 16

/* Objects that others may have given back: far fewer than the reserves have pages. */
static unsigned int tolerated(void)
{
	return kmb_reserves() / 16;
}

/* Return: how many objects requests had where plain ones have none. */
static unsigned int take_reserves(gfp_t flags)
{
	const gfp_t plain = GFP_NOWAIT | __GFP_NOWARN;
	struct kmb_chain chain = {};
	unsigned int nr;

	kmb_scarcity_take_all_but_one();
	kmb_chain_grow(&chain, MANY, PAGE_SIZE, plain);
	nr = chain.nr;
	kmb_chain_grow(&chain, tolerated() + 1, PAGE_SIZE, plain | flags);
	nr = chain.nr - nr;
	kmb_chain_free(&chain);
	kmb_scarcity_give_all();
	return nr;
}

static void p48_forbidden_reserves_stay(struct kunit *test)
{
	const gfp_t forbidden = __GFP_MEMALLOC | __GFP_NOMEMALLOC;
	unsigned int try;

	kmb_promise(test, 48);
	kmb_scarcity_begin(test);
	for (try = 0; try < TRIES && take_reserves(forbidden) > tolerated(); try++)
		;
	KMB_EXPECT(test, 48, try < TRIES,
		   KMB_WHAT
		   "expected to keep off the reserves, got more than %u objects of them %u times",
		   PAGE_SIZE, "GFP_NOWAIT|__GFP_MEMALLOC|__GFP_NOMEMALLOC", "task",
		   tolerated(), try);
}

/* Who may use the reserves is seen to do so. */
static void control_used_reserves_are_seen(struct kunit *test)
{
	kmb_scarcity_begin(test);
	KUNIT_EXPECT_GT(test, take_reserves(__GFP_MEMALLOC), tolerated());
}

/* Times that memory runs out of a cache. */
#define ROUNDS 16
/* Objects that are freed in between. */
#define BACK 24

static void *pop(void **last)
{
	void *object = *last;

	if (object)
		*last = *(void **)object;
	return object;
}

static void push(void **last, void *object)
{
	*(void **)object = *last;
	*last = object;
}

static void free_all(void **last)
{
	void *object;

	while ((object = pop(last)))
		kfree(object);
}

static void free_some(struct kmem_cache *cache, void **last, unsigned int nr)
{
	void *object;

	while (nr-- && (object = pop(last)))
		kmem_cache_free(cache, object);
}

/* Return: how many were had. */
static unsigned int take_until_null(struct kmem_cache *cache, void **last)
{
	unsigned int nr;
	void **object;

	for (nr = 0; nr < MANY && !kmb_scarcity_is_over(); nr++) {
		object = kmem_cache_alloc(cache, GFP_NOWAIT | __GFP_NOWARN);
		if (!object)
			break;
		*object = *last;
		*last = object;
	}
	return nr;
}

/* Return: how many objects were had, all of which are freed. */
static unsigned int use_up_cache(struct kmem_cache *cache)
{
	unsigned int round, nr = 0;
	struct handful spare;
	void *last = NULL;

	take(&spare, GFP_KERNEL);
	kmb_scarcity_take_all_but_one();
	put(&spare);
	for (round = 0; round < ROUNDS; round++) {
		nr += take_until_null(cache, &last);
		free_some(cache, &last, BACK);
	}
	free_some(cache, &last, UINT_MAX);
	kmb_scarcity_give_all();
	return nr;
}

/* A cache whose objects are all freed says so when it is destroyed. */
static unsigned int warnings_of_used_up(struct kunit *test, unsigned int bytes)
{
	struct kmsg_dump_iter mark;
	struct kmem_cache *cache;
	unsigned int try, nr = 0;

	kmb_scarcity_begin(test);
	kmb_log_mark(&mark);
	cache = kmem_cache_create("kmbench_scarce", bytes, 0, KMB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	/* What is left for it another task may have taken first. */
	for (try = 0; try < TRIES && !nr; try++)
		nr = use_up_cache(cache);
	KMB_EXPECT(test, 39, nr, KMB_WHAT "expected objects in %u tries, got %u",
		   (size_t)bytes, "GFP_NOWAIT", "task", TRIES, nr);
	kmem_cache_destroy(cache);
	return kmb_log_warnings(&mark);
}

static const unsigned int cache_sizes[] = { 64, 512, 2048 };

static void name_cache_size(const unsigned int *bytes, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *bytes);
}

KUNIT_ARRAY_PARAM(cache_size, cache_sizes, name_cache_size);

static void p39_used_up_cache_is_empty(struct kunit *test)
{
	unsigned int bytes = *(const unsigned int *)test->param_value, warnings;

	kmb_promise(test, 39);
	warnings = warnings_of_used_up(test, bytes);
	KMB_EXPECT(test, 39, !warnings,
		   KMB_WHAT
		   "all freed after memory had run out: expected an empty cache, got %u warnings",
		   (size_t)bytes, "GFP_NOWAIT", "task", warnings);
}

/* More than it gets, should reclaim give up a block that is kept for atomic requests. */
#define TOO_MANY (16 * FEW * LARGE)

/* Times to look, and milliseconds in between: what failed may be left to a worker. */
#define LOOKS 50
#define PAUSE 20

/* Return: whether there was memory all the same, which is freed already. */
static bool fail_halfway(void)
{
	struct handful spare;
	void *object;

	take(&spare, GFP_KERNEL);
	kmb_scarcity_take_all_but_one();
	put(&spare);
	object = kvmalloc(kmb_hide(TOO_MANY), GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	kmb_scarcity_give_all();
	kvfree(object);
	return object;
}

/* Return: pages that are missing in the end. */
static long lost_since(const struct kmb_counters *before)
{
	struct kmb_counters after;
	long lost = LONG_MAX;
	unsigned int look;

	for (look = 0; look < LOOKS && lost > NOISE; look++) {
		msleep(PAUSE);
		kmb_counters_settle(PAGE_SIZE, &after);
		lost = min(lost, kmb_counters_lost(before, &after));
	}
	return lost;
}

static void p39_kvmalloc_that_fails_loses_nothing(struct kunit *test)
{
	struct kmb_counters before;
	unsigned int try;
	long lost;

	kmb_promise(test, 39);
	kmb_pages_or_skip(test);
	kmb_scarcity_needs_no_files(test);
	kmb_scarcity_begin(test);
	kmb_counters_settle(PAGE_SIZE, &before);
	/* Where others gave memory back meanwhile it does not fail, and proves nothing. */
	for (try = 0; try < TRIES && fail_halfway(); try++)
		;
	KMB_EXPECT(test, 39, try < TRIES,
		   KMB_WHAT "expected NULL in %u tries, got memory %u times",
		   (size_t)TOO_MANY, "GFP_KERNEL|__GFP_NORETRY", "task", TRIES, try);
	lost = lost_since(&before);
	KMB_EXPECT(test, 39, lost <= NOISE,
		   KMB_WHAT
		   "kvmalloc() that fails for want of memory: expected all pages back, got %ld too few",
		   (size_t)TOO_MANY, "GFP_KERNEL|__GFP_NORETRY", "task", lost);
}

/* Return: objects, one before the other. */
static void *take_some(size_t bytes, unsigned int nr)
{
	void *last = NULL, *object;

	while (nr--) {
		object = kmb_kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
		if (object)
			push(&last, object);
	}
	return last;
}

static void take_rest(size_t bytes, void **last)
{
	void *object;

	while (!kmb_scarcity_is_over()) {
		object = kmb_kmalloc(bytes, GFP_NOWAIT | __GFP_NOWARN);
		if (!object)
			break;
		push(last, object);
	}
}

/* Of what is freed something may be had first that is of no use without a page. */
static void fail_often(void *failed)
{
	unsigned int *nr = failed;
	void *held = take_some(SZ_512, FAILURES), *last = NULL, *object;

	kmb_scarcity_take(0, 0);
	for (*nr = 0; !kmb_scarcity_is_over() && (object = pop(&held)); ++*nr) {
		kfree(object);
		take_rest(64, &last);
	}
	free_all(&held);
	free_all(&last);
	kmb_scarcity_give_all();
}

static void p39_requests_that_fail_lose_nothing(struct kunit *test)
{
	unsigned int nr = 0;
	long lost;

	kmb_promise(test, 39);
	kmb_pages_or_skip(test);
	kmb_scarcity_begin(test);
	lost = kmb_pages_lost(PAGE_SIZE, NOISE, fail_often, &nr);
	KMB_EXPECT(test, 39, nr >= FAILURES / 2,
		   KMB_WHAT "used up memory: expected NULL %d times, got it %u times",
		   (size_t)64, "GFP_NOWAIT", "task", FAILURES, nr);
	KMB_EXPECT(test, 39, lost <= NOISE,
		   KMB_WHAT "%u that fail: expected all pages back, got %ld too few",
		   (size_t)64, "GFP_NOWAIT", "task", nr, lost);
}

/* Each gets what the one that is asked before others are killed gives back. */
static void p24_kvmalloc_waits_for_memory(struct kunit *test)
{
	const gfp_t flags = GFP_KERNEL | __GFP_NOFAIL;
	void *small, *fresh, *grown;

	kmb_promise(test, 24);
	kmb_scarcity_begin(test);
	small = kmb_kmalloc(64, GFP_KERNEL);
	KMB_NEED_OBJECT(test, small, 64, "GFP_KERNEL");
	kmb_scarcity_take(0, 0);
	fresh = kvmalloc(kmb_hide(LARGE), flags);
	kmb_scarcity_take(0, 0);
	grown = kmb_kvrealloc(small, 64, kmb_hide(LARGE), flags);
	kmb_scarcity_give_all();
	KMB_EXPECT(test, 24, fresh && grown,
		   KMB_WHAT
		   "kvmalloc() and kvrealloc(), all memory used up: expected memory, got %s and %s",
		   (size_t)LARGE, "GFP_KERNEL|__GFP_NOFAIL", "task",
		   kmb_kind_of(fresh), kmb_kind_of(grown));
	kvfree(fresh);
	kvfree(grown ?: small);
}

#ifdef KMB_HAS_NOLOCK
/**
 * struct nolock - what kmalloc_nolock() gave until it gave nothing
 * @got: objects.
 * @least: the least that one of them has room for.
 * @smaller: whether there was a smaller one all the time.
 */
struct nolock {
	unsigned int got;
	size_t least;
	bool smaller;
};

/* Half of the smaller ones are free, so that no slab of theirs is. */
static struct nolock use_up_nolock(void)
{
	struct nolock result = { .least = SIZE_MAX };
	void *held = NULL, *last = NULL, *object;
	void *smaller = take_some(NOLOCK / 2, FEW * FEW);

	kmb_scarcity_take(0, 0);
	take_rest(NOLOCK, &last);
	while ((object = pop(&smaller))) {
		push(&held, object);
		kfree(pop(&smaller));
	}
	while (!kmb_scarcity_is_over() && (object = kmb_by_kmalloc_nolock(NOLOCK, 0))) {
		result.got++;
		result.least = min(result.least, ksize(object));
		push(&last, object);
	}
	object = kmb_by_kmalloc_nolock(NOLOCK / 2, 0);
	result.smaller = object;
	kfree(object);
	free_all(&held);
	free_all(&last);
	kmb_scarcity_give_all();
	return result;
}

/* It tries another size where it finds none: a larger one. */
static void p21_never_less_than_asked(struct kunit *test)
{
	struct nolock result;

	kmb_promise(test, 21);
	kmb_skip_if_never_served(test, kmb_by_kmalloc_nolock);
	kmb_scarcity_begin(test);
	result = use_up_nolock();
	KMB_EXPECT(test, 21, result.least >= NOLOCK,
		   KMB_WHAT "used up memory: expected room for as much, got %u, the least for %zu",
		   (size_t)NOLOCK, "no flags", "task", result.got, result.least);
	if (!result.smaller)
		kmb_skip(test, "no smaller object was free where these were used up");
}
#endif

static struct kunit_case cases[] = {
	KUNIT_CASE(p12_zeroed_below_the_watermark),
	KUNIT_CASE(control_dirt_comes_back_when_scarce),
	KUNIT_CASE(p48_forbidden_reserves_stay),
	KUNIT_CASE(control_used_reserves_are_seen),
	KUNIT_CASE(p24_kvmalloc_waits_for_memory),
#ifdef KMB_HAS_NOLOCK
	KUNIT_CASE(p21_never_less_than_asked),
#endif
	KUNIT_CASE(p39_kvmalloc_that_fails_loses_nothing),
	KUNIT_CASE(p39_requests_that_fail_lose_nothing),
	KUNIT_CASE_PARAM(p39_used_up_cache_is_empty, cache_size_gen_params),
	{}
};

static struct kunit_suite scarce_suite = {
	.name = "kmalloc_scarce",
	.init = kmb_case_begins,
	.exit = kmb_scarcity_exit,
	.test_cases = cases,
};

kunit_test_suite(scarce_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * Is the memory cgroup charged for what it asks for, and for nothing else?
 *
 * Each measurement has a fresh cgroup, so that its counter begins at 0 and
 * nothing is in store: every object then has to be covered by the counter.
 * A kernel thread belongs to no memory cgroup and is charged only in the name
 * of another, with set_active_memcg().
 *
 * Left out: how much more than the size is charged; a return of less than two
 * batches, which the counter does not show, and of small objects where pages are
 * so large that it takes too many to see; what kfree_rcu() frees where nobody tells
 * when; and limits, see refusal_kunit.c.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/memcontrol.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "later.h"
#include "memcg.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

/* Objects that are held at a time; where pages need more, there are rounds. */
#define MAX_OBJECTS 4096

/*
 * Objects of a size in all rounds, and of each other life; where it takes more to see
 * them return, there are no rounds.
 */
#define MAX_IN_ROUNDS (1 << 18)
#define MAX_OF_OTHERS (1 << 17)

/* Objects that are freed at a time. */
#define HANDFUL 64

/**
 * struct charges - what a measurement came to
 * @nr: objects that were held at a time.
 * @gone: objects that were freed, in all rounds.
 * @held: pages that were charged while they were held.
 * @left: pages that were charged after they were freed.
 */
struct charges {
	unsigned int nr;
	unsigned int gone;
	unsigned long held;
	unsigned long left;
};

/* An object that is not charged, and grows. */
static void *by_krealloc(size_t bytes, gfp_t flags)
{
	void *object = kmb_kmalloc(bytes / 4, flags & ~__GFP_ACCOUNT), *grown;

	if (!object)
		return NULL;
	grown = kmb_krealloc(object, bytes, flags);
	if (!grown)
		kfree(object);
	return grown;
}

static void by_kfree(void **objects, unsigned int nr)
{
	while (nr--)
		kfree(objects[nr]);
}

/* Neighbours from different slabs, which it has to sort out. */
static void by_kfree_bulk(void **objects, unsigned int nr)
{
	void *mixed[HANDFUL];
	unsigned int i;

	for (i = 0; i < nr; i++)
		mixed[i] = objects[i / 2 + (i % 2 ? DIV_ROUND_UP(nr, 2) : 0)];
	kfree_bulk(nr, mixed);
}

static void by_kfree_sensitive(void **objects, unsigned int nr)
{
	while (nr--)
		kfree_sensitive(objects[nr]);
}

struct later {
	struct rcu_head rcu;
};

static void by_kfree_rcu(void **objects, unsigned int nr)
{
	struct later *later;

	while (nr--) {
		later = objects[nr];
		kfree_rcu(later, rcu);
	}
}

#ifdef KMB_HAS_NOLOCK
static void by_kfree_nolock(void **objects, unsigned int nr)
{
	while (nr--)
		kfree_nolock(objects[nr]);
}
#endif

/**
 * struct life - from where objects come and how they go
 * @name: as messages call it.
 * @alloc: allocates one.
 * @free: frees some.
 * @least: bytes of the smallest.
 * @most: bytes of the largest.
 */
struct life {
	const char *name;
	void *(*alloc)(size_t bytes, gfp_t flags);
	void (*free)(void **objects, unsigned int nr);
	size_t least;
	size_t most;
};

static const struct life plain = {
	.name = "kmalloc(), kfree()", .alloc = kmb_kmalloc, .free = by_kfree,
	.most = KMALLOC_MAX_SIZE,
};

static const struct life others[] = {
	{ .name = "krealloc(), kfree()", .alloc = by_krealloc, .free = by_kfree,
	  .least = 64, .most = SZ_64K },
	{ .name = "kmalloc(), kfree_bulk()", .alloc = kmb_kmalloc,
	  .free = by_kfree_bulk, .most = SZ_64K },
	{ .name = "kmalloc(), kfree_sensitive()", .alloc = kmb_kmalloc,
	  .free = by_kfree_sensitive, .most = SZ_64K },
	{ .name = "kmalloc(), kfree_rcu()", .alloc = kmb_kmalloc,
	  .free = by_kfree_rcu, .least = sizeof(struct later),
	  .most = SZ_64K },
#ifdef KMB_HAS_NOLOCK
	{ .name = "kmalloc_nolock(), kfree_nolock()",
	  .alloc = kmb_by_kmalloc_nolock, .free = by_kfree_nolock,
	  .most = KMALLOC_MAX_CACHE_SIZE },
#endif
};

/* Enough to see them return. */
static unsigned int how_many(size_t bytes)
{
	size_t pages = 4 * num_online_cpus() * kmb_memcg_batch();

	return max_t(size_t, pages * PAGE_SIZE / bytes, 2);
}

static unsigned int take(struct kmb_chain *chain, struct mem_cgroup *payer,
			 const struct life *life, size_t bytes, gfp_t flags)
{
	unsigned int nr = min_t(unsigned int, how_many(bytes), MAX_OBJECTS);
	struct mem_cgroup *old = set_active_memcg(payer);

	while (nr-- && kmb_chain_add(chain, life->alloc(bytes, flags | __GFP_NOWARN)))
		;
	set_active_memcg(old);
	return chain->nr;
}

static unsigned int give_back(struct kmb_chain *chain, const struct life *life)
{
	unsigned int nr, all = chain->nr;
	void *some[HANDFUL];

	while (chain->last) {
		for (nr = 0; nr < HANDFUL && chain->last; nr++) {
			some[nr] = chain->last;
			chain->last = *(void **)some[nr];
		}
		life->free(some, nr);
	}
	chain->nr = 0;
	return all;
}

/*
 * All are free afterwards: what RCU freed while an allocation of the next round has
 * the store locked would not get there, and is left with the cgroup.
 */
static unsigned int give_back_for_good(struct kmb_chain *chain,
				       const struct life *life)
{
	unsigned int all = give_back(chain, life);

	if (life->free == by_kfree_rcu)
		kmb_kvfree_rcu_barrier();
	return all;
}

/*
 * On one CPU, as each has pages in store. In as many rounds as it takes to free
 * so many that what stays of each object comes to more; 0: in one.
 */
static struct charges measure(const struct kmb_memcg *home,
			      struct mem_cgroup *payer, const struct life *life,
			      size_t bytes, gfp_t flags, unsigned int total)
{
	struct kmb_chain chain = {};
	struct charges charges;

	migrate_disable();
	charges.nr = take(&chain, payer, life, bytes, flags);
	charges.held = kmb_memcg_pages(home);
	charges.gone = give_back_for_good(&chain, life);
	while (charges.gone < total &&
	       take(&chain, payer, life, bytes, flags))
		charges.gone += give_back_for_good(&chain, life);
	charges.left = kmb_memcg_pages(home);
	migrate_enable();
	return charges;
}

static struct charges measure_afresh(struct kunit *test,
				     const struct life *life, size_t bytes,
				     gfp_t flags, unsigned int total)
{
	struct kmb_memcg *home = test->priv;
	struct charges charges;

	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	KUNIT_ASSERT_EQ(test, kmb_memcg_pages(home), 0);
	charges = measure(home, home->memcg, life, bytes, flags, total);
	kmb_memcg_remove(home);
	if (!charges.nr && !kmb_has_plenty(numa_mem_id(), bytes, flags))
		kmb_skip(test, "no free block of %zu bytes", bytes);
	KMB_NEED(test, charges.nr,
		 "size %zu, %pGg, task: expected objects, got NULL with plenty of free memory",
		 bytes, &flags);
	return charges;
}

static unsigned long whole_pages(unsigned int nr, size_t bytes)
{
	return DIV_ROUND_UP(nr * bytes, PAGE_SIZE);
}

static bool covers(const struct charges *charges, size_t bytes)
{
	return charges->held >= whole_pages(charges->nr, bytes);
}

/* Return: whether so little is left that all may have been returned. */
static bool has_returned(const struct charges *charges)
{
	return charges->left <= kmb_memcg_most_in_store();
}

static bool shows_return(const struct charges *charges, size_t bytes)
{
	return whole_pages(charges->gone, bytes) > 2 * kmb_memcg_most_in_store();
}

/* How an object is freed does not depend on how it was asked for: one row tells. */
static unsigned int in_rounds(const struct life *life, size_t bytes,
			      const struct kmb_gfp *gfp)
{
	unsigned int most = life == &plain ? MAX_IN_ROUNDS : MAX_OF_OTHERS;
	unsigned int enough = how_many(bytes);

	return gfp == kmb_gfps && enough <= most ? enough : 0;
}

static void expect_life(struct kunit *test, const struct life *life,
			size_t bytes, const struct kmb_gfp *gfp)
{
	struct charges charges;

	charges = measure_afresh(test, life, bytes, gfp->flags | __GFP_ACCOUNT,
				 in_rounds(life, bytes, gfp));
	KMB_EXPECT(test, 34, covers(&charges, bytes),
		   "size %zu, %s|__GFP_ACCOUNT, task: %s: %u objects: expected a charge of at least %lu pages, got %lu",
		   bytes, gfp->name, life->name, charges.nr,
		   whole_pages(charges.nr, bytes), charges.held);
	if (shows_return(&charges, bytes))
		KMB_EXPECT(test, 34, has_returned(&charges),
			   "size %zu, %s|__GFP_ACCOUNT, task: %s: %u objects freed: expected a charge of at most %lu pages in store, got %lu",
			   bytes, gfp->name, life->name, charges.gone,
			   kmb_memcg_most_in_store(), charges.left);
}

static void expect_charged(struct kunit *test, size_t bytes,
			   const struct kmb_gfp *gfp)
{
	expect_life(test, &plain, bytes, gfp);
}

static void expect_free_of_charge(struct kunit *test, size_t bytes,
				  const struct kmb_gfp *gfp)
{
	struct charges charges = measure_afresh(test, &plain, bytes, gfp->flags,
						0);

	KMB_EXPECT(test, 34, !charges.held,
		   "size %zu, %s, task: %u objects: expected no charge, got %lu pages",
		   bytes, gfp->name, charges.nr, charges.held);
}

static void each_row(struct kunit *test,
		     void (*expect)(struct kunit *test, size_t bytes,
				    const struct kmb_gfp *gfp))
{
	size_t s, g;

	for (s = 0; s < ARRAY_SIZE(kmb_sizes); s++)
		for (g = 0; g < ARRAY_SIZE(kmb_gfps); g++)
			if (kmb_sizes[s].bytes <= KMALLOC_MAX_SIZE)
				expect(test, kmb_sizes[s].bytes, &kmb_gfps[g]);
}

static void p34_accounted_is_charged(struct kunit *test)
{
	kmb_promise(test, 34);
	kmb_memcg_or_skip(test, true);
	each_row(test, expect_charged);
}

static void p34_other_is_not_charged(struct kunit *test)
{
	kmb_promise(test, 34);
	kmb_memcg_or_skip(test, true);
	each_row(test, expect_free_of_charge);
}

#ifdef KMB_HAS_NOLOCK
static bool nolock_serves(void)
{
	void *object = kmb_by_kmalloc_nolock(PAGE_SIZE, 0);

	by_kfree_nolock(&object, 1);
	return object;
}
#endif

/*
 * Whether there are such objects here, and it is known when they are freed. An object
 * that has room to grow is not charged for growing.
 */
static bool is_seen(const struct life *life, size_t bytes)
{
	if (life->alloc == by_krealloc && kmalloc_size_roundup(bytes / 4) >= bytes)
		return false;
#ifdef KMB_HAS_NOLOCK
	if (life->alloc == kmb_by_kmalloc_nolock &&
	    !kmb_has_cmpxchg_double() && !nolock_serves())
		return false;
#endif
	return life->free != by_kfree_rcu || kmb_kvfree_rcu_barrier();
}

static void p34_other_lives_are_charged(struct kunit *test)
{
	size_t i, s, bytes;

	kmb_promise(test, 34);
	kmb_memcg_or_skip(test, true);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		for (s = 0; s < ARRAY_SIZE(kmb_sizes); s++) {
			bytes = kmb_sizes[s].bytes;
			if (bytes >= others[i].least &&
			    bytes <= others[i].most && is_seen(&others[i], bytes))
				expect_life(test, &others[i], bytes,
					    &kmb_gfps[0]);
		}
}

/* Flags that are no wish to be charged, and choose a cache of their own. */
static void p34_reclaimable_is_not_charged(struct kunit *test)
{
	static const struct kmb_gfp gfp = KMB_GFP(GFP_KERNEL | __GFP_RECLAIMABLE, "");
	size_t s;

	kmb_promise(test, 34);
	kmb_memcg_or_skip(test, true);
	for (s = 0; s < ARRAY_SIZE(kmb_sizes); s++)
		if (kmb_is_from_slab(kmb_sizes[s].bytes))
			expect_free_of_charge(test, kmb_sizes[s].bytes, &gfp);
}

/* Objects of a bulk, so large that one alone does not charge for all. */
#define BULK 256
#define BULK_BYTES PAGE_SIZE

static void *bulk[BULK];

static struct charges measure_bulk(const struct kmb_memcg *home,
				   struct kmem_cache *cache)
{
	struct charges charges;
	struct mem_cgroup *old;

	migrate_disable();
	old = set_active_memcg(home->memcg);
	charges.nr = kmb_alloc_bulk(cache, GFP_KERNEL_ACCOUNT | __GFP_NOWARN,
				    BULK, bulk);
	set_active_memcg(old);
	charges.held = kmb_memcg_pages(home);
	kmem_cache_free_bulk(cache, charges.nr, bulk);
	charges.left = kmb_memcg_pages(home);
	migrate_enable();
	return charges;
}

static void p34_bulk_is_charged(struct kunit *test)
{
	struct kmb_memcg *home = test->priv;
	struct kmem_cache *cache;
	struct charges charges;

	kmb_promise(test, 34);
	kmb_memcg_or_skip(test, true);
	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	cache = kmem_cache_create("kmbench_charges", BULK_BYTES, 0,
				  KMB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	charges = measure_bulk(home, cache);
	kmem_cache_destroy(cache);
	KMB_EXPECT(test, 34, charges.nr == BULK,
		   KMB_WHAT "bulk: expected %d objects, got %u", (size_t)BULK_BYTES,
		   "GFP_KERNEL_ACCOUNT", "task", BULK, charges.nr);
	KMB_EXPECT(test, 34, covers(&charges, BULK_BYTES) && has_returned(&charges),
		   "size %lu, GFP_KERNEL_ACCOUNT, task: bulk of %u: expected a charge of at least %lu pages, then at most %lu, got %lu, %lu",
		   BULK_BYTES, charges.nr, whole_pages(charges.nr, BULK_BYTES),
		   kmb_memcg_most_in_store(), charges.held, charges.left);
}

/* What another pays for, and what is not freed yet, has to be told apart. */
static void control_missing_charge_is_seen(struct kunit *test)
{
	const size_t bytes = PAGE_SIZE;
	struct kmb_memcg *home = test->priv;
	struct charges charges;

	kmb_memcg_or_skip(test, true);
	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	charges = measure(home, NULL, &plain, bytes, GFP_KERNEL_ACCOUNT, 0);
	KUNIT_EXPECT_FALSE(test, covers(&charges, bytes));
	charges = measure(home, home->memcg, &plain, bytes, GFP_KERNEL_ACCOUNT,
			  how_many(bytes));
	KUNIT_EXPECT_TRUE(test, covers(&charges, bytes));
	KUNIT_EXPECT_TRUE(test, shows_return(&charges, bytes));
	charges.left = charges.held;
	KUNIT_EXPECT_FALSE(test, has_returned(&charges));
}

/* Of the smallest object a pointer that stays charged is seen. */
static void control_small_residue_is_seen(struct kunit *test)
{
	struct kmb_memcg *home = test->priv;
	struct charges charges;

	kmb_memcg_or_skip(test, true);
	if (how_many(8) > MAX_IN_ROUNDS)
		kmb_skip(test, "it takes %u objects of 8 bytes to see them return",
			 how_many(8));
	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	charges = measure(home, home->memcg, &plain, 8, GFP_KERNEL_ACCOUNT,
			  how_many(8));
	KUNIT_EXPECT_TRUE(test, shows_return(&charges, 8));
	KUNIT_EXPECT_TRUE(test, has_returned(&charges));
	charges.left += whole_pages(charges.gone, sizeof(void *));
	KUNIT_EXPECT_FALSE(test, has_returned(&charges));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p34_accounted_is_charged),
	KUNIT_CASE(p34_other_is_not_charged),
	KUNIT_CASE(p34_other_lives_are_charged),
	KUNIT_CASE(p34_reclaimable_is_not_charged),
	KUNIT_CASE(p34_bulk_is_charged),
	KUNIT_CASE(control_missing_charge_is_seen),
	KUNIT_CASE(control_small_residue_is_seen),
	{}
};

static struct kunit_suite accounting_suite = {
	.name = "kmalloc_accounting",
	.init = kmb_memcg_init,
	.exit = kmb_memcg_exit,
	.test_cases = cases,
};

kunit_test_suite(accounting_suite);

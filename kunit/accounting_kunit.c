// SPDX-License-Identifier: GPL-2.0
/*
 * Is the memory cgroup charged for what it asks for, and for nothing else?
 *
 * Each measurement has a fresh cgroup, so that its counter begins at 0 and
 * nothing is in store: every object then has to be covered by the counter.
 * A kernel thread belongs to no memory cgroup and is charged only in the name
 * of another, with set_active_memcg().
 *
 * Left out: how much more than the size is charged, and a return of less than
 * two batches, which the counter does not show.
 */
#include <kunit/test.h>
#include <linux/memcontrol.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "memcg.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

/* Objects of a measurement, where so many pages need more. */
#define MAX_OBJECTS 4096

static int accounting_init(struct kunit *test)
{
	struct kmb_memcg *home = kunit_kmalloc(test, sizeof(*home), GFP_KERNEL);

	if (!home)
		return -ENOMEM;
	home->mnt = NULL;
	home->memcg = NULL;
	test->priv = home;
	return 0;
}

static void accounting_exit(struct kunit *test)
{
	if (test->priv)
		kmb_memcg_end(test->priv);
}

static void begin(struct kunit *test)
{
	int err;

	if (!IS_ENABLED(CONFIG_MEMCG))
		kmb_skip(test, "CONFIG_MEMCG is off");
	if (!KMB_CHARGES_KMEM)
		kmb_skip(test, "CONFIG_MEMCG_KMEM is off");
	err = kmb_memcg_begin(test->priv);
	if (err == -EOPNOTSUPP)
		kmb_skip(test, "cgroup v2 has no memory controller");
	KUNIT_ASSERT_EQ(test, err, 0);
}

/**
 * struct charges - what a measurement came to
 * @nr: objects that were allocated.
 * @held: pages that were charged while they were held.
 * @left: pages that were charged after they were freed.
 */
struct charges {
	unsigned int nr;
	unsigned long held;
	unsigned long left;
};

/* Enough to see them return. */
static unsigned int how_many(size_t bytes)
{
	return clamp_t(size_t, 4 * kmb_memcg_batch() * PAGE_SIZE / bytes, 2,
		       MAX_OBJECTS);
}

/* On one CPU, as each has pages in store. */
static struct charges measure(const struct kmb_memcg *home,
			      struct mem_cgroup *payer, size_t bytes,
			      gfp_t flags)
{
	struct kmb_chain chain = {};
	struct charges charges;
	struct mem_cgroup *old;

	migrate_disable();
	old = set_active_memcg(payer);
	kmb_chain_grow(&chain, how_many(bytes), bytes, flags);
	set_active_memcg(old);
	charges.nr = chain.nr;
	charges.held = kmb_memcg_pages(home);
	kmb_chain_free(&chain);
	charges.left = kmb_memcg_pages(home);
	migrate_enable();
	return charges;
}

static struct charges measure_afresh(struct kunit *test, size_t bytes,
				     gfp_t flags)
{
	struct kmb_memcg *home = test->priv;
	struct charges charges;

	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	KUNIT_ASSERT_EQ(test, kmb_memcg_pages(home), 0);
	charges = measure(home, home->memcg, bytes, flags);
	kmb_memcg_remove(home);
	if (!charges.nr && !kmb_has_plenty(numa_mem_id(), bytes, flags))
		kmb_skip(test, "no free block of %zu bytes", bytes);
	KUNIT_ASSERT_GT_MSG(test, charges.nr, 0,
			    "size %zu: got NULL with plenty of free memory",
			    bytes);
	return charges;
}

static unsigned long whole_pages(const struct charges *charges, size_t bytes)
{
	return DIV_ROUND_UP(charges->nr * bytes, PAGE_SIZE);
}

static bool covers(const struct charges *charges, size_t bytes)
{
	return charges->held >= whole_pages(charges, bytes);
}

/* What may be in store: a batch, and a page that is charged by the byte. */
static unsigned long most_in_store(void)
{
	return kmb_memcg_batch() + 1;
}

/* Return: whether so little is left that all may have been returned. */
static bool has_returned(const struct charges *charges)
{
	return charges->left <= most_in_store();
}

static bool shows_return(const struct charges *charges, size_t bytes)
{
	return whole_pages(charges, bytes) > 2 * most_in_store();
}

static void expect_charged(struct kunit *test, size_t bytes,
			   const struct kmb_gfp *gfp)
{
	struct charges charges;

	charges = measure_afresh(test, bytes, gfp->flags | __GFP_ACCOUNT);
	KMB_EXPECT(test, 34, covers(&charges, bytes),
		   "size %zu, %s|__GFP_ACCOUNT, task: %u objects: expected a charge of at least %lu pages, got %lu",
		   bytes, gfp->name, charges.nr, whole_pages(&charges, bytes),
		   charges.held);
	if (shows_return(&charges, bytes))
		KMB_EXPECT(test, 34, has_returned(&charges),
			   "size %zu, %s|__GFP_ACCOUNT, task: freed: expected a charge of at most %lu pages in store, got %lu of %lu",
			   bytes, gfp->name, most_in_store(), charges.left,
			   charges.held);
}

static void expect_free_of_charge(struct kunit *test, size_t bytes,
				  const struct kmb_gfp *gfp)
{
	struct charges charges = measure_afresh(test, bytes, gfp->flags);

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

/* Not with cgroup.memory=nokmem, which shows once there is a cgroup. */
static void skip_unless_kmem_counts(struct kunit *test)
{
	struct kmb_memcg *home = test->priv;

	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	if (!kmb_memcg_kmem_online())
		kmb_skip(test, "cgroup.memory=nokmem: memory of the kernel is not charged");
	kmb_memcg_remove(home);
}

static void p34_accounted_is_charged(struct kunit *test)
{
	kmb_promise(test, 34);
	begin(test);
	skip_unless_kmem_counts(test);
	each_row(test, expect_charged);
}

static void p34_other_is_not_charged(struct kunit *test)
{
	kmb_promise(test, 34);
	begin(test);
	skip_unless_kmem_counts(test);
	each_row(test, expect_free_of_charge);
}

/* What another pays for, and what is not freed yet, has to be told apart. */
static void control_missing_charge_is_seen(struct kunit *test)
{
	const size_t bytes = PAGE_SIZE;
	struct kmb_memcg *home = test->priv;
	struct charges charges;

	begin(test);
	skip_unless_kmem_counts(test);
	KUNIT_ASSERT_EQ(test, kmb_memcg_make(home), 0);
	charges = measure(home, NULL, bytes, GFP_KERNEL_ACCOUNT);
	KUNIT_EXPECT_FALSE(test, covers(&charges, bytes));
	charges = measure(home, home->memcg, bytes, GFP_KERNEL_ACCOUNT);
	KUNIT_EXPECT_TRUE(test, covers(&charges, bytes));
	KUNIT_EXPECT_TRUE(test, shows_return(&charges, bytes));
	charges.left = charges.held;
	KUNIT_EXPECT_FALSE(test, has_returned(&charges));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p34_accounted_is_charged),
	KUNIT_CASE(p34_other_is_not_charged),
	KUNIT_CASE(control_missing_charge_is_seen),
	{}
};

static struct kunit_suite accounting_suite = {
	.name = "kmalloc_accounting",
	.init = accounting_init,
	.exit = accounting_exit,
	.test_cases = cases,
};

kunit_test_suite(accounting_suite);

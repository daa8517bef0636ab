// SPDX-License-Identifier: GPL-2.0
/*
 * The objects that a case holds: taken by the handful, so that a check sees
 * more than one slot of a slab, and freed when the case ends.
 *
 * A NULL is no verdict by itself, as memory may be used up or in pieces. It
 * fails the case when the page allocator has many blocks of that size left.
 * Left out: contexts other than a task.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../module/tables.h"
#include "objects.h"
#include "promises.h"

/*
 * Free blocks that leave no excuse for a NULL: of the largest, which a machine has
 * a dozen of at most, two.
 */
#define PLENTY(_order) \
	clamp_t(unsigned long, SZ_1G >> PAGE_SHIFT >> (_order), 2, 16)

/**
 * kmb_objects_init() - the .init of a suite whose cases hold objects
 * @test: the case.
 *
 * It does not rely on zeroed memory, which is what a suite may find broken.
 *
 * Return: 0 or -ENOMEM.
 */
int kmb_objects_init(struct kunit *test)
{
	struct kmb_objects *held;

	kmb_case_begins(test);
	held = kunit_kmalloc(test, sizeof(*held), GFP_KERNEL);
	if (!held)
		return -ENOMEM;
	held->nr = 0;
	test->priv = held;
	return 0;
}

/**
 * kmb_put() - free the objects that a case holds
 * @test: the case.
 *
 * By kvfree(), in case a broken allocator gave memory of vmalloc().
 */
void kmb_put(struct kunit *test)
{
	struct kmb_objects *held = test->priv;

	while (held->nr)
		kvfree(held->at[--held->nr]);
}

/**
 * kmb_objects_exit() - the .exit that belongs to kmb_objects_init()
 * @test: the case.
 */
void kmb_objects_exit(struct kunit *test)
{
	if (test->priv)
		kmb_put(test);
}

/**
 * kmb_hide() - a number that the compiler does not know
 * @number: the number.
 *
 * Return: the same.
 */
noinline size_t kmb_hide(size_t number)
{
	OPTIMIZER_HIDE_VAR(number);
	return number;
}

/**
 * kmb_kind_of() - what messages call the result of an allocation
 * @object: the result. Addresses differ from run to run, what they are does not.
 *
 * Return: its name.
 */
const char *kmb_kind_of(const void *object)
{
	if (!object)
		return "NULL";
	return object == ZERO_SIZE_PTR ? "ZERO_SIZE_PTR" : "an object";
}

/**
 * kmb_kmalloc() - kmalloc() with a size that the compiler does not know
 * @bytes: the size.
 * @flags: the flags.
 *
 * The result is hidden as well: from the attributes of kmalloc() the compiler
 * believes in its alignment and would answer a check of it with "yes".
 *
 * Return: what kmalloc() returned.
 */
noinline void *kmb_kmalloc(size_t bytes, gfp_t flags)
{
	void *object;

	object = kmalloc(kmb_hide(bytes), flags);
	OPTIMIZER_HIDE_VAR(object);
	return object;
}

/**
 * kmb_krealloc() - krealloc() of which the compiler knows nothing
 * @object: an object, NULL or ZERO_SIZE_PTR.
 * @bytes: the new size.
 * @flags: the flags.
 *
 * Return: what krealloc() returned.
 */
noinline void *kmb_krealloc(const void *object, size_t bytes, gfp_t flags)
{
	void *result;

	OPTIMIZER_HIDE_VAR(object);
	result = krealloc(object, kmb_hide(bytes), flags);
	OPTIMIZER_HIDE_VAR(result);
	return result;
}

/* @top: the zone that the request would like best; what is below it has a reserve. */
static bool zone_has_plenty(struct zone *zone, unsigned int order, enum zone_type top)
{
	unsigned long least = 2 * high_wmark_pages(zone) + zone->lowmem_reserve[top];
	unsigned long pages = zone_page_state(zone, NR_FREE_PAGES);
	unsigned long blocks = 0, others = 0;
	unsigned int o;

	for (o = order; o <= KMALLOC_MAX_ORDER; o++)
		blocks += READ_ONCE(zone->free_area[o].nr_free) << (o - order);
#ifdef CONFIG_CMA
	/* Which blocks these are in, nobody counts. */
	others = zone_page_state(zone, NR_FREE_CMA_PAGES);
#endif
	pages -= min(pages, others);
	blocks -= min(blocks, others >> order);
	return blocks >= PLENTY(order) &&
	       pages >= least + (PLENTY(order) << order);
}

/**
 * kmb_has_plenty() - ask whether a NULL has no excuse
 * @node: a node that is online.
 * @bytes: the size of an object.
 * @flags: its flags, of which the zone modifier counts.
 *
 * Return: whether a zone of that node that serves such a request has many free
 * blocks of that size left.
 */
bool kmb_has_plenty(int node, size_t bytes, gfp_t flags)
{
	struct zone *zones = NODE_DATA(node)->node_zones;
	enum zone_type top = gfp_zone(flags), i;

	for (i = 0; i <= top; i++)
		if (zone_has_plenty(&zones[i], get_order(bytes), top))
			return true;
	return false;
}

static unsigned int handful(size_t bytes)
{
	return clamp_t(size_t, KMB_MAX_HELD / bytes, 2, KMB_MAX_OBJECTS);
}

/**
 * kmb_take() - hold a handful of objects
 * @test: the case, which holds none.
 * @alloc: allocates them, with __GFP_NOWARN.
 * @bytes: the size of each, not 0.
 * @flags: the flags.
 * @name: how messages call the flags.
 *
 * Aborts the case on a NULL that has no excuse.
 *
 * Return: the objects, at times fewer than usual or none.
 */
const struct kmb_objects *
kmb_take(struct kunit *test, void *(*alloc)(size_t bytes, gfp_t flags),
	 size_t bytes, gfp_t flags, const char *name)
{
	struct kmb_objects *held = test->priv;
	void *object;

	KUNIT_ASSERT_EQ(test, held->nr, 0);
	held->bytes = bytes;
	held->gfp = name;
	held->context = "task";
	while (held->nr < handful(bytes)) {
		object = alloc(bytes, flags | __GFP_NOWARN);
		if (!object)
			break;
		held->at[held->nr++] = object;
	}
	KMB_NEED(test, held->nr == handful(bytes) ||
		 !kmb_has_plenty(numa_mem_id(), bytes, flags),
		 KMB_WHAT "expected object %u, got NULL with plenty of free memory",
		 bytes, name, held->context, held->nr);
	return held;
}

/**
 * kmb_take_some() - kmb_take() that skips the case where there is no object
 * @test: the case, which holds none.
 * @alloc: allocates them, with __GFP_NOWARN.
 * @bytes: the size of each, not 0.
 * @flags: the flags.
 * @name: how messages call the flags.
 *
 * Return: the objects, one at least.
 */
const struct kmb_objects *
kmb_take_some(struct kunit *test, void *(*alloc)(size_t bytes, gfp_t flags),
	      size_t bytes, gfp_t flags, const char *name)
{
	const struct kmb_objects *held = kmb_take(test, alloc, bytes, flags, name);

	if (!held->nr)
		kmb_skip(test, "no free block of %zu bytes", bytes);
	return held;
}

static unsigned int check_each_gfp(struct kunit *test, size_t bytes,
				   kmb_check_fn *check)
{
	const struct kmb_objects *held;
	unsigned int checked = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++) {
		held = kmb_take(test, kmb_kmalloc, bytes, kmb_gfps[i].flags,
				kmb_gfps[i].name);
		if (held->nr)
			check(test, held);
		checked += held->nr;
		kmb_put(test);
	}
	return checked;
}

/**
 * kmb_each_gfp() - check a handful of objects of each set of flags
 * @test: the case.
 * @bytes: the size of the objects.
 * @check: looks at a handful, which is freed afterwards.
 *
 * Skips the case when there was not one object to check.
 */
void kmb_each_gfp(struct kunit *test, size_t bytes, kmb_check_fn *check)
{
	if (!check_each_gfp(test, bytes, check))
		kmb_skip(test, "no free block of %zu bytes", bytes);
}

/**
 * kmb_each_gfp_around() - kmb_each_gfp(), also with one byte less and more
 * @test: the case.
 * @bytes: the size in the middle; nothing above KMALLOC_MAX_SIZE is tried.
 * @check: as for kmb_each_gfp().
 */
void kmb_each_gfp_around(struct kunit *test, size_t bytes, kmb_check_fn *check)
{
	size_t last = min_t(size_t, bytes + 1, KMALLOC_MAX_SIZE);
	unsigned int checked = 0;
	size_t size;

	for (size = max_t(size_t, bytes - 1, 1); size <= last; size++)
		checked += check_each_gfp(test, size, check);
	if (!checked)
		kmb_skip(test, "no free block of %zu bytes", bytes);
}

/**
 * kmb_chain_add() - add an object to a chain
 * @chain: any number of objects, each the link to the one before.
 * @object: what was allocated, or NULL.
 *
 * Nobody frees a chain that a case ends with: judge after kmb_chain_free().
 *
 * Return: whether it is an object.
 */
bool kmb_chain_add(struct kmb_chain *chain, void *object)
{
	if (!object)
		return false;
	*(void **)object = chain->last;
	chain->last = object;
	chain->nr++;
	return true;
}

/**
 * kmb_chain_grow() - add objects of one kind to a chain
 * @chain: the chain.
 * @nr: how many to add.
 * @bytes: the size of each, at least that of a pointer.
 * @flags: the flags, to which __GFP_NOWARN is added.
 *
 * Return: whether all were allocated.
 */
bool kmb_chain_grow(struct kmb_chain *chain, unsigned int nr, size_t bytes,
		    gfp_t flags)
{
	while (nr--)
		if (!kmb_chain_add(chain, kmb_kmalloc(bytes, flags | __GFP_NOWARN)))
			return false;
	return true;
}

/**
 * kmb_chain_free() - free all objects of a chain
 * @chain: the chain, empty afterwards.
 *
 * No more than were added, in case a broken allocator gave one twice.
 */
void kmb_chain_free(struct kmb_chain *chain)
{
	void **object;

	for (; chain->nr; chain->nr--) {
		object = chain->last;
		chain->last = *object;
		kfree(object);
	}
	chain->last = NULL;
}

/* Never 0, and another value for each object. */
static u8 pattern(unsigned int i)
{
	return i + 1;
}

/**
 * kmb_fill() - write each object from its first to its last byte
 * @held: the objects; each gets a value of its own.
 */
void kmb_fill(const struct kmb_objects *held)
{
	unsigned int i;

	BUILD_BUG_ON(KMB_MAX_OBJECTS >= U8_MAX);
	for (i = 0; i < held->nr; i++)
		memset(held->at[i], pattern(i), held->bytes);
}

/**
 * kmb_find_foreign() - look for a byte that kmb_fill() did not leave there
 * @held: the objects.
 * @i: which of them to read.
 *
 * Return: the first such byte, NULL when all are as they were written.
 */
const u8 *kmb_find_foreign(const struct kmb_objects *held, unsigned int i)
{
	return memchr_inv(held->at[i], pattern(i), held->bytes);
}

MODULE_DESCRIPTION("KUnit tests for the promises of kmalloc()");
MODULE_LICENSE("GPL");

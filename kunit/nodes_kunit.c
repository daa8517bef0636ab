// SPDX-License-Identifier: GPL-2.0
/*
 * Do kmalloc_node() and its like take the node for a hint, and does __GFP_THISNODE
 * make an order of it?
 *
 * A hint is followed as long as the node has plenty, and never a reason for
 * NULL. The order is tried to the end, when the node has no block left.
 *
 * Left out: nodes without memory with __GFP_THISNODE, memory policies, and
 * objects of KFENCE, whose memory is where it was at boot.
 */
#include <kunit/test.h>
#include <linux/kfence.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "objects.h"
#include "promises.h"
#include "scarcity.h"
#include "sizes.h"

/* Objects of a node at a time. */
#define HANDFUL 8

/* Enough for the names of flags, of a node and of a function. */
#define NAME_SIZE 96

static noinline void *alloc_on(size_t bytes, gfp_t flags, int node)
{
	void *object;

	object = kmalloc_node(kmb_hide(bytes), flags | __GFP_NOWARN, node);
	OPTIMIZER_HIDE_VAR(object);
	return object;
}

/* Constants take another path, which the rows of a table cannot. */
static noinline void *by_constant(size_t bytes, gfp_t flags, int node)
{
	flags |= __GFP_NOWARN;
	switch (bytes) {
	case SZ_8:
		return kmalloc_node(SZ_8, flags, node);
	case SZ_1K:
		return kmalloc_node(SZ_1K, flags, node);
	case KMALLOC_MAX_CACHE_SIZE + 1:
		return kmalloc_node(KMALLOC_MAX_CACHE_SIZE + 1, flags, node);
	default:
		return alloc_on(bytes, flags, node);
	}
}

static noinline void *by_track_caller(size_t bytes, gfp_t flags, int node)
{
	return kmalloc_node_track_caller(kmb_hide(bytes), flags | __GFP_NOWARN, node);
}

static noinline void *by_kvmalloc(size_t bytes, gfp_t flags, int node)
{
	return kvmalloc_node(kmb_hide(bytes), flags | __GFP_NOWARN, node);
}

/* Where the node is an order, an object of another one has to move. */
static noinline void *by_krealloc(size_t bytes, gfp_t flags, int node)
{
	void *old = NULL, *object;

	if (flags & __GFP_THISNODE)
		old = alloc_on(bytes, flags, next_node_in(node, node_states[N_MEMORY]));
	object = kmb_krealloc_node(old, kmb_hide(bytes), flags | __GFP_NOWARN, node);
	if (!object)
		kfree(old);
	return object;
}

/* Who takes a node; kvmalloc_node() as long as there is nothing to fall back to. */
static const struct way {
	const char *name;
	void *(*alloc)(size_t bytes, gfp_t flags, int node);
	size_t most;
	bool missing;
} ways[] = {
	{ .name = "kmalloc_node()", .alloc = alloc_on, .most = SIZE_MAX },
	{ .name = "kmalloc_node() of a constant", .alloc = by_constant, .most = SIZE_MAX },
	{ .name = "kmalloc_node_track_caller()", .alloc = by_track_caller, .most = SIZE_MAX },
	{ .name = "kvmalloc_node()", .alloc = by_kvmalloc, .most = PAGE_SIZE },
	{ .name = "krealloc_node()", .alloc = by_krealloc, .most = SIZE_MAX,
	  .missing = !KMB_REALLOC_HAS_NODE },
};

static bool lies_on(const void *object, int node)
{
	if (is_kfence_address(object))
		return true;
	return virt_addr_valid(object) &&
	       page_to_nid(virt_to_page(object)) == node;
}

static bool any_has_plenty(size_t bytes)
{
	int node;

	for_each_online_node(node)
		if (kmb_has_plenty(node, bytes, GFP_KERNEL))
			return true;
	return false;
}

/* Whether a NULL for that node has no excuse. */
static bool is_plenty(size_t bytes, gfp_t flags, int node)
{
	return flags & __GFP_THISNODE ? kmb_has_plenty(node, bytes, GFP_KERNEL) :
	       any_has_plenty(bytes);
}

/* Whether an object that is not on that node breaks the promise. */
static bool has_to_be_there(size_t bytes, gfp_t flags, int node)
{
	return node != NUMA_NO_NODE &&
	       (flags & __GFP_THISNODE ||
		kmb_has_plenty(node, bytes, GFP_KERNEL));
}

static const struct kmb_objects *take_on(struct kunit *test, const struct way *way,
					 size_t bytes, gfp_t flags, int node,
					 const char *name)
{
	struct kmb_objects *held = test->priv;
	void *object;

	held->bytes = bytes;
	held->gfp = name;
	held->context = "task";
	while (held->nr < HANDFUL) {
		object = way->alloc(bytes, flags, node);
		if (!object)
			break;
		held->at[held->nr++] = object;
	}
	return held;
}

/* Has the processor's slab on another node, whose objects who forgets the node is given. */
static void look_elsewhere(size_t bytes, gfp_t flags, int node)
{
	kfree(alloc_on(bytes, flags, next_node_in(node, node_states[N_MEMORY])));
}

static void check_node(struct kunit *test, const struct way *way, size_t bytes,
		       gfp_t flags, int node, const char *name)
{
	bool there = has_to_be_there(bytes, flags, node);
	const struct kmb_objects *held;
	unsigned int i;

	look_elsewhere(bytes, flags, node);
	held = take_on(test, way, bytes, flags, node, name);
	KMB_EXPECT_OF(test, 26, held,
		      held->nr == HANDFUL || !is_plenty(bytes, flags, node),
		      "expected object %u, got NULL with plenty of free memory",
		      held->nr);
	for (i = 0; there && i < held->nr; i++)
		if (!KMB_EXPECT_OF(test, 26, held, lies_on(held->at[i], node),
				   "object %u: expected memory of that node, got node %d",
				   i, page_to_nid(virt_to_page(held->at[i]))))
			break;
	kmb_put(test);
}

static void check_each_gfp(struct kunit *test, const struct way *way, size_t bytes,
			   gfp_t more, int node)
{
	char name[NAME_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kmb_gfps); i++) {
		snprintf(name, sizeof(name), "%s%s of node %d, %s",
			 kmb_gfps[i].name,
			 more & __GFP_THISNODE ? " | __GFP_THISNODE" : "", node,
			 way->name);
		check_node(test, way, bytes, kmb_gfps[i].flags | more, node, name);
	}
}

static void check_each_gfp_on(struct kunit *test, size_t bytes, gfp_t more,
			      int node)
{
	const struct way *way;

	for (way = ways; way < ways + ARRAY_SIZE(ways); way++)
		if (!way->missing && bytes <= way->most)
			check_each_gfp(test, way, bytes, more, node);
}

static void p26_node_is_a_hint(struct kunit *test)
{
	size_t bytes;
	int node;

	kmb_promise(test, 26);
	bytes = kmb_size_of(test);
	check_each_gfp_on(test, bytes, 0, NUMA_NO_NODE);
	for_each_online_node(node)
		check_each_gfp_on(test, bytes, 0, node);
}

static void p26_thisnode_is_an_order(struct kunit *test)
{
	size_t bytes;
	int node;

	kmb_promise(test, 26);
	bytes = kmb_size_of(test);
	for_each_node_state(node, N_MEMORY)
		check_each_gfp_on(test, bytes, __GFP_THISNODE, node);
}

/**
 * struct exhausted - what became of a node that was used up
 * @nr: blocks that it gave.
 * @strays: how many were of another node.
 * @hinted: whether there was a block for who asked for the node as a hint.
 * @elsewhere: whether there were many blocks elsewhere.
 */
struct exhausted {
	unsigned int nr;
	unsigned int strays;
	bool hinted;
	bool elsewhere;
};

/* Blocks of the page allocator, and objects of slabs: whoever else runs has other nodes. */
static const size_t used_up[] = { KMALLOC_MAX_SIZE, KMALLOC_MAX_CACHE_SIZE };

static struct exhausted exhaust(struct kmb_chain *chain, size_t bytes, int node)
{
	const gfp_t flags = GFP_KERNEL | __GFP_NORETRY;
	struct exhausted result = { .nr = chain->nr };
	void *hinted;

	while (!kmb_scarcity_is_over() &&
	       kmb_chain_add(chain, alloc_on(bytes, flags | __GFP_THISNODE, node)))
		result.strays += !lies_on(chain->last, node);
	result.nr = chain->nr - result.nr;
	result.elsewhere = any_has_plenty(bytes);
	hinted = alloc_on(bytes, flags, node);
	result.hinted = hinted;
	kfree(hinted);
	return result;
}

static void expect_strict(struct kunit *test, size_t bytes, int node,
			  const struct exhausted *result)
{
	KMB_EXPECT(test, 26, !result->strays,
		   "size %zu, GFP_KERNEL | __GFP_THISNODE, task: used up: expected blocks of node %d or NULL, got %u of %u from elsewhere",
		   bytes, node, result->strays, result->nr);
	if (result->elsewhere)
		KMB_EXPECT(test, 26, result->hinted,
			   "size %zu, GFP_KERNEL, task: node %d used up: expected a block of another, got NULL",
			   bytes, node);
}

static void use_up(struct kunit *test, int node)
{
	struct exhausted results[ARRAY_SIZE(used_up)];
	struct kmb_chain chain = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(used_up); i++)
		results[i] = exhaust(&chain, used_up[i], node);
	kmb_chain_free(&chain);
	for (i = 0; i < ARRAY_SIZE(used_up); i++)
		expect_strict(test, used_up[i], node, &results[i]);
}

static void p26_thisnode_ends_with_its_node(struct kunit *test)
{
	int node;

	kmb_promise(test, 26);
	if (num_node_state(N_MEMORY) < 2)
		kmb_skip(test, "one node: there is no other to fall back to");
	kmb_scarcity_begin(test);
	for_each_node_state(node, N_MEMORY)
		use_up(test, node);
}

/* What lies on one node does not lie on another. */
static void control_other_node_is_seen(struct kunit *test)
{
	const struct kmb_objects *held;
	int node = first_memory_node;

	held = take_on(test, &ways[0], 2 * KMALLOC_MAX_CACHE_SIZE, GFP_KERNEL, node,
		       "GFP_KERNEL");
	KUNIT_ASSERT_GT(test, held->nr, 0);
	node = page_to_nid(virt_to_page(held->at[0]));
	KUNIT_EXPECT_TRUE(test, lies_on(held->at[0], node));
	KUNIT_EXPECT_FALSE(test, lies_on(held->at[0], node + 1));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p26_node_is_a_hint, kmb_every_size),
	KUNIT_CASE_PARAM(p26_thisnode_is_an_order, kmb_every_size),
	KUNIT_CASE(p26_thisnode_ends_with_its_node),
	KUNIT_CASE(control_other_node_is_seen),
	{}
};

static void nodes_exit(struct kunit *test)
{
	kmb_scarcity_exit(test);
	kmb_objects_exit(test);
}

static struct kunit_suite nodes_suite = {
	.name = "kmalloc_nodes",
	.init = kmb_objects_init,
	.exit = nodes_exit,
	.test_cases = cases,
};

kunit_test_suite(nodes_suite);

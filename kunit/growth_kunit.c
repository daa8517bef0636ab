// SPDX-License-Identifier: GPL-2.0
/*
 * Does krealloc() zero what it adds, if all calls ask for that?
 *
 * Only bytes that were asked for are written: what is behind them becomes
 * dirty by asking for more first, or because the object before was larger.
 * Left out: calls of which only some have __GFP_ZERO, where nothing is
 * promised.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "dirt.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

static noinline void *from_null(size_t bytes, gfp_t flags)
{
	return kmb_krealloc(NULL, bytes, flags);
}

/* Sizes to go through, in eighths of the row's; 0 is the end. */
static const struct route {
	const char *name;
	u8 eighths[5];
} routes[] = {
	{ "grown",			{ 4, 8 } },
	{ "grown in small steps",	{ 5, 6, 7, 8 } },
	{ "grown to another class",	{ 8, 16, 17 } },
	{ "grown far",			{ 4, 64 } },
	{ "shrunk, grown",		{ 8, 4, 8 } },
	{ "shrunk a little, grown",	{ 8, 7, 8 } },
	{ "shrunk, grown to another class", { 8, 4, 16 } },
	{ "shrunk, grown twice",	{ 8, 4, 7, 16 } },
};

/* Return: the first byte that krealloc() added and that is not 0, or NULL. */
static const u8 *find_dirty_growth(const struct kmb_objects *held, size_t old)
{
	if (held->bytes <= old)
		return NULL;
	return memchr_inv(held->at[0] + old, 0, held->bytes - old);
}

/* Skips the case where there is no block of that size. */
static void start_route(struct kunit *test, size_t bytes, gfp_t flags, bool kzal)
{
	struct kmb_objects *held = test->priv;

	held->bytes = bytes;
	held->at[0] = kzal ? kzalloc(kmb_hide(bytes), flags) :
			     from_null(bytes, flags);
	held->nr = !!held->at[0];
	if (!held->nr)
		kmb_skip(test, "no free block of %zu bytes", bytes);
	memset(held->at[0], KMB_DIRT, bytes);
}

/* Return: false for a NULL that has an excuse. */
static bool grow(struct kunit *test, size_t bytes, gfp_t flags)
{
	struct kmb_objects *held = test->priv;
	void *object = kmb_krealloc(held->at[0], bytes, flags);

	KMB_NEED(test, object || !kmb_has_plenty(numa_mem_id(), bytes, flags),
		 "size %zu, %pGg, task: krealloc(): expected an object, got NULL with memory free",
		 bytes, &flags);
	if (object)
		held->at[0] = object;
	return object;
}

/* Return: the dirty byte at which the route ended, NULL if there was none. */
static const u8 *walk_route(struct kunit *test, const struct route *route,
			    size_t row, gfp_t flags, bool kzal)
{
	struct kmb_objects *held = test->priv;
	const u8 *wrong = NULL;
	size_t old, bytes, i;

	start_route(test, max_t(size_t, row * route->eighths[0] / 8, 1), flags,
		    kzal);
	for (i = 1; route->eighths[i] && !wrong; i++) {
		old = held->bytes;
		bytes = row * route->eighths[i] / 8;
		if (bytes > KMALLOC_MAX_SIZE || !grow(test, bytes, flags))
			break;
		held->bytes = bytes;
		wrong = find_dirty_growth(held, old);
		if (!wrong)
			memset(held->at[0], KMB_DIRT, bytes);
	}
	return wrong;
}

static bool expect_zeroed_route(struct kunit *test, const struct route *route,
				size_t row, bool kzal)
{
	struct kmb_objects *held = test->priv;
	const u8 *wrong;
	bool zeroed;

	wrong = walk_route(test, route, row,
			   GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, kzal);
	zeroed = KMB_EXPECT(test, 15, !wrong,
			    KMB_WHAT "%s, %s to %zu: expected 0, got 0x%02x at byte %td",
			    row, "GFP_KERNEL|__GFP_ZERO", "task",
			    kzal ? "kzalloc()" : "krealloc(NULL)", route->name,
			    held->bytes, *wrong, wrong - (u8 *)held->at[0]);
	kmb_put(test);
	return zeroed;
}

static void p15_growth_is_zeroed(struct kunit *test)
{
	struct kmb_objects were;
	size_t bytes, i;

	kmb_promise(test, 15);
	bytes = kmb_size_of(test);
	if (!KMB_REALLOC_ZEROES)
		kmb_skip(test, "krealloc() of this kernel is documented to ignore __GFP_ZERO");
	if (IS_ENABLED(CONFIG_SLUB_DEBUG_ON) && !KMB_REALLOC_KNOWS_SIZE)
		kmb_skip(test,
			 "CONFIG_SLUB_DEBUG_ON: krealloc() of this kernel gives red zones away");
	kmb_dirt_or_skip(test);
	kmb_dirty(test, from_null, bytes, GFP_KERNEL, &were);
	kmb_dirty(test, from_null, min_t(size_t, 2 * bytes, KMALLOC_MAX_SIZE),
		  GFP_KERNEL, &were);
	for (i = 0; i < ARRAY_SIZE(routes); i++)
		if (!expect_zeroed_route(test, &routes[i], bytes, false) ||
		    !expect_zeroed_route(test, &routes[i], bytes, true))
			break;
}

/* Without the flag what was cut off is found again, or p15 proves nothing. */
static void control_growth_not_zeroed_is_seen(struct kunit *test)
{
	static const struct route there_and_back = { "", { 8, 4, 8 } };
	const u8 *wrong;

	kmb_dirt_or_skip(test);
	wrong = walk_route(test, &there_and_back, kmb_size_of(test),
			   GFP_KERNEL | __GFP_NOWARN, false);
	KUNIT_EXPECT_PTR_NE(test, wrong, (const u8 *)NULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(p15_growth_is_zeroed, kmb_every_size),
	KUNIT_CASE_PARAM(control_growth_not_zeroed_is_seen, kmb_every_size),
	{}
};

static struct kunit_suite growth_suite = {
	.name = "kmalloc_growth",
	.init = kmb_objects_init,
	.exit = kmb_objects_exit,
	.test_cases = cases,
};

kunit_test_suite(growth_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * What does kmalloc() do when memory is used up, or free in single pages only?
 *
 * Each case records what it sees, gives the memory back, and only then judges
 * and prints. Left out: the OOM killer, which scarcity.c keeps from its work;
 * memory cgroups; contexts other than a task.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "counters.h"
#include "objects.h"
#include "promises.h"
#include "scarcity.h"
#include "sizes.h"
#include "sysctl_file.h"

#define MANY 65536 /* More objects than caches hold without a free page. */
/* Pages that the objects of one size need on a checkerboard. */
#define PAGES 32
#define FEW 4 /* Objects that the reserves give easily. */
#define NOISE 64 /* Pages that others may take or keep meanwhile. */
#define TRIES 16 /* Times to use up what others gave back meanwhile. */

/**
 * struct seen - what happened with one size
 * @bytes: the size.
 * @plain: objects that GFP_NOWAIT, or what is compared with it, got.
 * @special: objects that the flags of the case got.
 * @null: the last plain request was NULL.
 * @count: something that the case counts.
 * @old: an object from before.
 */
struct seen {
	size_t bytes;
	unsigned long plain;
	unsigned long special;
	bool null;
	long count;
	void *old;
};

typedef void look_fn(struct seen *row);
static struct seen seen[ARRAY_SIZE(kmb_sizes)];

static bool up_to_a_page(size_t bytes)
{
	return bytes <= PAGE_SIZE;
}

static bool up_to_order_1(size_t bytes)
{
	return get_order(bytes) <= 1;
}

static bool that_can_double(size_t bytes)
{
	return bytes <= KMALLOC_MAX_SIZE / 4;
}

/* Return: how many rows of @seen were filled. */
static size_t look_at_each(bool (*keep)(size_t bytes), look_fn *look)
{
	size_t i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++) {
		if (!keep(kmb_sizes[i].bytes))
			continue;
		seen[nr] = (struct seen){ .bytes = kmb_sizes[i].bytes };
		look(&seen[nr++]);
	}
	return nr;
}

static bool add(struct kmb_chain *chain, size_t bytes, gfp_t flags)
{
	return kmb_chain_grow(chain, 1, bytes, flags);
}

/* Return: whether it ended with NULL, and not because memory was given back. */
static bool add_until_null(struct kmb_chain *chain, size_t bytes, gfp_t flags)
{
	unsigned int calls = kmb_scarcity_oom_calls();
	unsigned long i;

	for (i = 0; i < MANY && calls == kmb_scarcity_oom_calls() &&
	     !kmb_scarcity_is_over(); i++)
		if (!add(chain, bytes, flags))
			return true;
	return false;
}

static void use_up(void)
{
	kmb_scarcity_take(0, 0);
}

/*
 * Use up what those flags can get: free pages, and slabs of objects of that
 * size. Pages that reclaim or CPUs give back late are why it tries again, and
 * a NULL that is followed by an object is not the end.
 */
static bool use_up_by(struct kmb_chain *chain, size_t bytes, gfp_t flags)
{
	unsigned int try;

	for (try = 0; try < TRIES; try++) {
		use_up();
		add_until_null(chain, PAGE_SIZE, flags);
		if (add_until_null(chain, bytes, flags) &&
		    !add(chain, bytes, flags))
			return true;
	}
	return false;
}

static void shrink(size_t bytes)
{
	struct kmb_counters unused;

	kmb_counters_settle(bytes, &unused);
}

static void expect_used_up(struct kunit *test, const struct seen *row)
{
	KMB_EXPECT(test, kmb_promise_of(test), row->null,
		   KMB_WHAT "used up memory: expected NULL in the end, got %lu objects",
		   row->bytes, "GFP_NOWAIT", "task", row->plain);
}

static void look_at_atomic(struct seen *row)
{
	struct kmb_chain chain = {};

	row->null = use_up_by(&chain, row->bytes, GFP_NOWAIT);
	row->count = kmb_reserves_used();
	row->plain = chain.nr;
	while (row->special < FEW && add(&chain, row->bytes, GFP_ATOMIC))
		row->special++;
	kmb_chain_free(&chain);
	shrink(row->bytes);
}

static void judge_atomic(struct kunit *test, const struct seen *row)
{
	long noise = NOISE * (1 + num_online_cpus());

	expect_used_up(test, row);
	KMB_EXPECT(test, 19, row->special == FEW,
		   KMB_WHAT "expected %u objects where GFP_NOWAIT is NULL, got %lu",
		   row->bytes, "GFP_ATOMIC", "task", FEW, row->special);
	KMB_EXPECT(test, 19, row->count <= noise,
		   KMB_WHAT "expected to keep off the reserves, got %ld pages of them",
		   row->bytes, "GFP_NOWAIT", "task", row->count);
}

static void p19_atomic_reaches_the_reserves(struct kunit *test)
{
	size_t i, nr;

	kmb_promise(test, 19);
	kmb_scarcity_begin(test);
	nr = look_at_each(up_to_a_page, look_at_atomic);
	kmb_scarcity_give_all();
	for (i = 0; i < nr; i++)
		judge_atomic(test, &seen[i]);
}

static void exhaust_once(void *unused)
{
	look_at_each(up_to_order_1, look_at_atomic);
	kmb_scarcity_give_all();
}

static void p39_used_up_memory_comes_back(struct kunit *test)
{
	long lost;

	kmb_promise(test, 39);
	kmb_pages_or_skip(test);
	kmb_scarcity_begin(test);
	lost = kmb_pages_lost(PAGE_SIZE, NOISE, exhaust_once, NULL);
	KMB_EXPECT(test, 39, lost <= NOISE,
		   "all sizes up to order 1, GFP_NOWAIT and GFP_ATOMIC, task: expected all pages back, got %ld too few",
		   lost);
}

static const struct giving_up {
	const char *name;
	gfp_t flags;
} givings_up[] = {
	{ "GFP_KERNEL|__GFP_NORETRY", GFP_KERNEL | __GFP_NORETRY },
	{ "GFP_KERNEL|__GFP_RETRY_MAYFAIL", GFP_KERNEL | __GFP_RETRY_MAYFAIL },
};

static gfp_t giving_up_flags;

static void look_at_giving_up(struct seen *row)
{
	unsigned int before = kmb_scarcity_oom_calls();
	struct kmb_chain chain = {};

	row->null = use_up_by(&chain, row->bytes, giving_up_flags);
	row->plain = chain.nr;
	row->count = kmb_scarcity_oom_calls() - before;
	kmb_chain_free(&chain);
	shrink(row->bytes);
}

static void judge_giving_up(struct kunit *test, const struct seen *row,
			    const char *name)
{
	KMB_EXPECT(test, 25, !row->count,
		   KMB_WHAT "expected the OOM killer not to be called, got %ld calls",
		   row->bytes, name, "task", row->count);
	KMB_EXPECT(test, 25, row->null,
		   KMB_WHAT "expected NULL in the end, got %lu objects",
		   row->bytes, name, "task", row->plain);
}

static void give_up(struct kunit *test, const struct giving_up *how)
{
	size_t i, nr;

	giving_up_flags = how->flags;
	nr = look_at_each(up_to_a_page, look_at_giving_up);
	kmb_scarcity_give_all();
	for (i = 0; i < nr; i++)
		judge_giving_up(test, &seen[i], how->name);
}

static void p25_giving_up_calls_no_oom_killer(struct kunit *test)
{
	size_t i;

	kmb_promise(test, 25);
	kmb_scarcity_begin(test);
	for (i = 0; i < ARRAY_SIZE(givings_up); i++)
		give_up(test, &givings_up[i]);
}

/* A request that insists does call it, so that its silence means something. */
static void control_oom_call_is_seen(struct kunit *test)
{
	struct kmb_chain chain = {};
	unsigned int calls;
	bool got = true;

	kmb_scarcity_needs_no_files(test);
	kmb_scarcity_begin(test);
	use_up();
	while (got && !kmb_scarcity_oom_calls() && chain.nr < MANY)
		got = add(&chain, PAGE_SIZE, GFP_KERNEL);
	calls = kmb_scarcity_oom_calls();
	kmb_chain_free(&chain);
	shrink(PAGE_SIZE);
	kmb_scarcity_give_all();
	KUNIT_EXPECT_GT(test, calls, 0);
	KUNIT_EXPECT_TRUE(test, got);
}

static void look_at_nofail(struct seen *row)
{
	unsigned int before = kmb_scarcity_oom_calls();
	struct kmb_chain chain = {};

	row->null = use_up_by(&chain, row->bytes, GFP_NOWAIT);
	kmb_scarcity_nofail_begins(row->bytes);
	row->special = add(&chain, row->bytes, GFP_KERNEL | __GFP_NOFAIL);
	kmb_scarcity_nofail_ends(row->bytes);
	row->count = kmb_scarcity_oom_calls() - before;
	kmb_chain_free(&chain);
	shrink(row->bytes);
}

static void judge_nofail(struct kunit *test, const struct seen *row,
			 const char *name)
{
	expect_used_up(test, row);
	KMB_EXPECT(test, 24, row->special,
		   KMB_WHAT "expected an object with all memory used up, got NULL",
		   row->bytes, name, "task");
}

static void p24_nofail_waits_for_memory(struct kunit *test)
{
	unsigned int calls;
	size_t i, nr;

	kmb_promise(test, 24);
	kmb_scarcity_needs_no_files(test);
	kmb_scarcity_begin(test);
	nr = look_at_each(up_to_order_1, look_at_nofail);
	calls = kmb_scarcity_oom_calls();
	kmb_scarcity_give_all();
	for (i = 0; i < nr; i++)
		judge_nofail(test, &seen[i], "GFP_KERNEL|__GFP_NOFAIL");
	KMB_EXPECT(test, 24, calls,
		   "to order 1, GFP_KERNEL|__GFP_NOFAIL, task: expected OOM calls, got %u", calls);
}

/* For memory of one node the OOM killer is not called: NULL is near. */
#define HERE (GFP_KERNEL | __GFP_THISNODE)

static void look_at_nofail_here(struct seen *row)
{
	struct kmb_chain chain = {};

	row->null = use_up_by(&chain, row->bytes, HERE);
	row->plain = chain.nr;
	row->special = add(&chain, row->bytes, HERE | __GFP_NOFAIL);
	kmb_chain_free(&chain);
	shrink(row->bytes);
}

/* Some sizes need records for which that node is not asked for: no NULL. */
static void p24_nofail_reaches_the_reserves(struct kunit *test)
{
	unsigned int judged = 0;
	size_t i, nr;

	kmb_promise(test, 24);
	kmb_scarcity_begin(test);
	nr = look_at_each(up_to_a_page, look_at_nofail_here);
	kmb_scarcity_give_all();
	for (i = 0; i < nr; i++) {
		if (!seen[i].null)
			continue;
		judge_nofail(test, &seen[i],
			     "GFP_KERNEL|__GFP_THISNODE|__GFP_NOFAIL");
		judged++;
	}
	KMB_EXPECT(test, 24, judged,
		   "up to a page, GFP_KERNEL|__GFP_THISNODE, task: expected NULL for a size, got %u",
		   judged);
}

/* One of a slab that was given back is the next to be given out. */
static bool is_still_owned(const struct kmb_objects *held, long freed)
{
	void *next = kmb_kmalloc(held->bytes, GFP_NOWAIT | __GFP_NOWARN);

	if (next && kasan_reset_tag(next) == kasan_reset_tag(held->at[0]))
		return false;
	kfree(next);
	if (kmb_is_from_pages(held->bytes) && freed >= 1L << get_order(held->bytes))
		return false;
	return !kmb_find_foreign(held, 0);
}

/* A block that is not owned any more is better lost than freed twice. */
static void try_krealloc(struct seen *row, struct kmb_objects *held, size_t more)
{
	struct kmb_counters before, after;
	void *grown;

	kmb_counters_read(&before);
	grown = krealloc(held->at[0], more, GFP_NOWAIT | __GFP_NOWARN);
	kmb_counters_read(&after);
	OPTIMIZER_HIDE_VAR(held->at[0]);
	row->null = !grown;
	row->special = grown || is_still_owned(held, after.free - before.free);
	if (row->special)
		kfree(grown ?: held->at[0]);
}

static void take_old(struct seen *row)
{
	row->old = kmb_kmalloc(row->bytes, GFP_KERNEL | __GFP_NOWARN);
}

static void look_at_krealloc(struct seen *row)
{
	struct kmb_objects held = { .bytes = row->bytes, .nr = 1, .at = { row->old } };
	struct kmb_chain chain = {};
	size_t more;

	if (!row->old)
		return;
	kmb_fill(&held);
	more = 2 * ksize(row->old);
	use_up_by(&chain, more, GFP_NOWAIT);
	try_krealloc(row, &held, more);
	kmb_chain_free(&chain);
	shrink(more);
}

/* Where a page came back meanwhile it grew, which proves nothing. */
static void p16_krealloc_without_memory_keeps_block(struct kunit *test)
{
	unsigned int judged = 0;
	size_t i, nr;

	kmb_promise(test, 16);
	kmb_scarcity_begin(test);
	nr = look_at_each(that_can_double, take_old);
	for (i = 0; i < nr; i++)
		look_at_krealloc(&seen[i]);
	kmb_scarcity_give_all();
	for (i = 0; i < nr; i++) {
		if (!seen[i].old || !seen[i].null)
			continue;
		judged++;
		KMB_EXPECT(test, 16, seen[i].special,
			   KMB_WHAT "expected the old block as it was, got it changed or freed",
			   seen[i].bytes, "GFP_NOWAIT", "task");
	}
	KMB_EXPECT(test, 16, judged,
		   "all sizes, GFP_NOWAIT, task: expected NULL for some, got %u", judged);
}

/* As many as PAGES pages hold, of all flags in turn or of one. */
static void fill_singles(struct seen *row, gfp_t flags)
{
	unsigned long wanted = PAGES * PAGE_SIZE / row->bytes;
	struct kmb_chain chain = {};

	while (chain.nr < wanted && add(&chain, row->bytes, flags))
		if (compound_order(virt_to_head_page(chain.last)))
			row->count++;
	row->special = chain.nr;
	row->plain = wanted;
	kmb_chain_free(&chain);
}

static void look_at_singles(struct seen *row)
{
	row->null = kmb_scarcity_take_pairs();
	fill_singles(row, GFP_NOWAIT);
}

static void judge_singles(struct kunit *test, unsigned int nr,
			  const struct seen *row, const char *gfp)
{
	expect_used_up(test, row);
	KMB_EXPECT(test, nr, row->special == row->plain,
		   KMB_WHAT "expected %lu objects out of single free pages, got %lu",
		   row->bytes, gfp, "task", row->plain, row->special);
}

static void p40_single_pages_are_enough(struct kunit *test)
{
	size_t i, nr;

	kmb_promise(test, 40);
	kmb_scarcity_begin(test);
	kmb_scarcity_leave_singles();
	nr = look_at_each(up_to_a_page, look_at_singles);
	kmb_scarcity_give_all();
	for (i = 0; i < nr; i++)
		judge_singles(test, 40, &seen[i], "GFP_NOWAIT");
}

/* On it there is half of the memory, and not one pair of pages. */
static void control_checkerboard_has_no_pair(struct kunit *test)
{
	struct kmb_counters before, board;
	struct page *single;
	bool pair;

	kmb_scarcity_begin(test);
	kmb_counters_read(&before);
	kmb_scarcity_leave_singles();
	pair = !kmb_scarcity_take_pairs();
	kmb_counters_read(&board);
	single = alloc_page(GFP_NOWAIT | __GFP_NOWARN);
	if (single)
		__free_page(single);
	kmb_scarcity_give_all();
	KUNIT_EXPECT_FALSE(test, pair);
	KUNIT_EXPECT_TRUE(test, single);
	KUNIT_EXPECT_GT(test, board.free, before.free / 4);
	KUNIT_EXPECT_LT(test, board.free, before.free * 3 / 4);
}

/* Once all is taken that needs no fallback, another look finds nothing. */
static bool take_rest(void)
{
	unsigned int try;

	for (try = 0; try < TRIES; try++)
		if (!kmb_scarcity_take(0, 0))
			return true;
	return false;
}

static void look_at_defrag(struct seen *row)
{
	use_up();
	row->null = take_rest();
	fill_singles(row, GFP_ATOMIC);
}

/*
 * Only blocks for movable pages have free pages, and these are single. What is
 * taken here does not fall back, as it does not wake kswapd.
 */
static void make_movable_singles(void)
{
	kmb_scarcity_take(0, __GFP_MOVABLE);
	use_up();
	kmb_scarcity_take(0, __GFP_RECLAIMABLE);
	kmb_scarcity_give_singles();
	use_up();
	kmb_scarcity_take(0, __GFP_RECLAIMABLE);
}

static void skip_unless_defrag_mode(struct kunit *test, char *mode, size_t size)
{
	int err = kmb_sysctl_read("vm/defrag_mode", mode, size);

	if (err == -ENOENT || err == -ENODEV)
		kmb_skip(test, "no /proc/sys/vm/defrag_mode");
	KUNIT_ASSERT_EQ(test, err, 0);
	if (!IS_ENABLED(CONFIG_ZONE_DMA32))
		kmb_skip(test, "CONFIG_ZONE_DMA32 is off: vm.defrag_mode does nothing");
}

static void p42_atomic_falls_back_in_defrag_mode(struct kunit *test)
{
	struct kmb_counters before, board;
	char mode[16];
	size_t i, nr;

	kmb_promise(test, 42);
	kmb_scarcity_begin(test);
	skip_unless_defrag_mode(test, mode, sizeof(mode));
	KUNIT_ASSERT_EQ(test, kmb_sysctl_write("vm/defrag_mode", "1"), 0);
	kmb_counters_read(&before);
	make_movable_singles();
	kmb_counters_read(&board);
	nr = look_at_each(up_to_a_page, look_at_defrag);
	kmb_scarcity_give_all();
	KUNIT_EXPECT_EQ(test, kmb_sysctl_write("vm/defrag_mode", mode), 0);
	/* Half of the blocks that are for movable pages: with large blocks, few. */
	KMB_EXPECT(test, 42, board.free > before.free / 8,
		   "up to a page, GFP_ATOMIC, task: expected over %ld free pages, got %ld",
		   before.free / 8, board.free);
	for (i = 0; i < nr; i++)
		judge_singles(test, 42, &seen[i], "GFP_ATOMIC");
}

/* It is used up, and it does come back. */
static void control_memory_is_used_up(struct kunit *test)
{
	struct kmb_counters before, during, after;
	struct page *page;

	kmb_scarcity_begin(test);
	kmb_counters_read(&before);
	use_up();
	kmb_counters_read(&during);
	page = alloc_page(GFP_NOWAIT | __GFP_NOWARN);
	if (page)
		__free_page(page);
	kmb_scarcity_give_all();
	kmb_counters_read(&after);
	KUNIT_EXPECT_TRUE(test, !page);
	KUNIT_EXPECT_LT(test, during.free, before.free / 4);
	KUNIT_EXPECT_GT(test, after.free, before.free / 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(control_memory_is_used_up),
	KUNIT_CASE(p19_atomic_reaches_the_reserves),
	KUNIT_CASE(p39_used_up_memory_comes_back),
	KUNIT_CASE(p25_giving_up_calls_no_oom_killer),
	KUNIT_CASE(control_oom_call_is_seen),
	KUNIT_CASE(p24_nofail_waits_for_memory),
	KUNIT_CASE(p24_nofail_reaches_the_reserves),
	KUNIT_CASE(p16_krealloc_without_memory_keeps_block),
	KUNIT_CASE(p40_single_pages_are_enough),
	KUNIT_CASE(control_checkerboard_has_no_pair),
	KUNIT_CASE(p42_atomic_falls_back_in_defrag_mode),
	{}
};

static struct kunit_suite exhaustion_suite = {
	.name = "kmalloc_exhaustion",
	.init = kmb_case_begins,
	.exit = kmb_scarcity_exit,
	.test_cases = cases,
};

kunit_test_suite(exhaustion_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * What does kvmalloc() do on a machine that has single free pages only?
 *
 * Above a page it takes memory of vmalloc(), and has nobody killed for a block
 * that it can do without. Up to a page it leaves it at what kmalloc() says, which
 * is NULL where SLUB's debugging makes an object of a page take more than one.
 *
 * No failure is injected: this is how the fallback is seen in kernels that try to
 * reclaim before it. Left out: requests that may not sleep.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "objects.h"
#include "promises.h"
#include "scarcity.h"

/**
 * struct outcome - what a request came to
 * @null: there was no memory.
 * @vmalloc: it was memory of vmalloc().
 * @oom_calls: how often the OOM killer was asked for a victim.
 */
struct outcome {
	bool null;
	bool vmalloc;
	unsigned int oom_calls;
};

static struct outcome ask(size_t bytes, gfp_t flags)
{
	unsigned int calls = kmb_scarcity_oom_calls();
	struct outcome outcome;
	void *object;

	object = kvmalloc(kmb_hide(bytes), flags | __GFP_NOWARN);
	outcome = (struct outcome){
		.null = !object,
		.vmalloc = is_vmalloc_addr(object),
		.oom_calls = kmb_scarcity_oom_calls() - calls,
	};
	kvfree(object);
	return outcome;
}

/* Times to look again, as reclaim or another CPU may give back a block meanwhile. */
#define TRIES 8

/*
 * Above all classes, which may have objects left: up to the last order that is
 * reclaimed for, and above it.
 */
static const unsigned int pages[] = { 4, 8, 16, 64 };

/* Asks again where it was given a block that came back meanwhile. */
static struct outcome ask_of_singles(size_t bytes, gfp_t flags)
{
	struct outcome outcome;
	unsigned int try = 0;

	do {
		kmb_scarcity_take_pairs();
		outcome = ask(bytes, flags);
	} while (++try < TRIES && !outcome.null && !outcome.vmalloc &&
		 !outcome.oom_calls);
	return outcome;
}

/* What reclaim can still make a block of is no fault; to have someone killed is. */
static bool expect_memory(struct kunit *test, size_t bytes, const struct outcome *outcome)
{
	KMB_EXPECT(test, 28, !outcome->null && !outcome->oom_calls,
		   KMB_WHAT "single pages: expected memory without OOM killer, got %s, %u calls",
		   bytes, "GFP_KERNEL", "task",
		   outcome->null ? "NULL" : "memory", outcome->oom_calls);
	return outcome->vmalloc;
}

static void p28_single_pages_are_enough(struct kunit *test)
{
	struct outcome outcomes[ARRAY_SIZE(pages)];
	unsigned int fell_back = 0;
	size_t i;

	kmb_promise(test, 28);
	kmb_scarcity_begin(test);
	kmb_scarcity_leave_singles();
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		outcomes[i] = ask_of_singles(pages[i] * PAGE_SIZE, GFP_KERNEL);
	kmb_scarcity_give_all();
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		fell_back += expect_memory(test, pages[i] * PAGE_SIZE, &outcomes[i]);
	if (!fell_back)
		kmb_skip(test, "each time reclaim made a block");
}

/* More objects of a page than slabs have free. */
#define CACHED 64

/* Only where an object of a page takes more than one is it refused. */
static void p28_page_is_left_to_kmalloc(struct kunit *test)
{
	struct kmb_chain cached = {};
	struct outcome outcome;
	bool whole;

	kmb_promise(test, 28);
	kmb_scarcity_begin(test);
	kmb_scarcity_leave_singles();
	whole = kmb_chain_grow(&cached, CACHED, PAGE_SIZE, GFP_NOWAIT);
	kmb_scarcity_take_pairs();
	outcome = ask(PAGE_SIZE, GFP_KERNEL | __GFP_NORETRY);
	kmb_chain_free(&cached);
	kmb_scarcity_give_all();
	if (whole)
		kmb_skip(test, "kmalloc() of a page does with single pages");
	KMB_EXPECT(test, 28, !outcome.vmalloc,
		   KMB_WHAT "single pages: expected no vmalloc memory, got it",
		   PAGE_SIZE, "GFP_KERNEL|__GFP_NORETRY", "task");
}

static bool is_refused(size_t bytes)
{
	void *object = NULL;
	unsigned int try;

	for (try = 0; try < TRIES; try++) {
		kmb_scarcity_take_pairs();
		object = kmb_kmalloc(bytes, GFP_NOWAIT | __GFP_NOWARN);
		if (!object)
			return true;
		kfree(object);
	}
	return false;
}

/* kmalloc() has none of these, so what kvmalloc() gives is no block that was left. */
static void control_no_block_is_left(struct kunit *test)
{
	bool refused[ARRAY_SIZE(pages)];
	size_t i;

	kmb_scarcity_begin(test);
	kmb_scarcity_leave_singles();
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		refused[i] = is_refused(pages[i] * PAGE_SIZE);
	kmb_scarcity_give_all();
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		KUNIT_EXPECT_TRUE_MSG(test, refused[i], "%u pages", pages[i]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p28_single_pages_are_enough),
	KUNIT_CASE(p28_page_is_left_to_kmalloc),
	KUNIT_CASE(control_no_block_is_left),
	{}
};

static struct kunit_suite fallback_suite = {
	.name = "kmalloc_fallback",
	.init = kmb_case_begins,
	.exit = kmb_scarcity_exit,
	.test_cases = cases,
};

kunit_test_suite(fallback_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * The table of promises, and what becomes of one that was broken: a contract
 * (C) fails its case; a property of the implementation (I) is reported, and
 * fails only with the parameter strict=1.
 */
#include <linux/kernel.h>
#include <linux/moduleparam.h>

#include "promises.h"

static bool strict;
module_param(strict, bool, 0444);
MODULE_PARM_DESC(strict, "fail for a broken property of the implementation, too");

/* The promise of a case that needs memory, and checks none of its own. */
#define KMB_PLENTY 19

#define RST(_section) "core-api/memory-allocation.rst, " _section

static const struct kmb_promise promises[] = {
	{ .nr = 1, .kind = 'C',
	  .text = "the address is aligned to ARCH_KMALLOC_MINALIGN",
	  .place = RST("Selecting memory allocator") },
	{ .nr = 2, .kind = 'C',
	  .text = "a size that is a power of two is aligned to itself",
	  .place = RST("Selecting memory allocator") },
	{ .nr = 3, .kind = 'C',
	  .text = "another size is aligned to the largest power of two that divides it",
	  .place = RST("Selecting memory allocator; since 6.12") },
	{ .nr = 4, .kind = 'C',
	  .text = "a request for no bytes gives ZERO_SIZE_PTR",
	  .place = "linux/slab.h, ZERO_SIZE_PTR" },
	{ .nr = 5, .kind = 'C',
	  .text = "kfree() of NULL and of ZERO_SIZE_PTR does nothing",
	  .place = "kfree() and linux/slab.h, ZERO_SIZE_PTR" },
	{ .nr = 6, .kind = 'C',
	  .text = "above KMALLOC_MAX_SIZE is NULL with one warning, none with __GFP_NOWARN",
	  .place = "linux/slab.h, KMALLOC_MAX_SIZE; linux/gfp_types.h, __GFP_NOWARN" },
	{ .nr = 7, .kind = 'C',
	  .text = "KMALLOC_MAX_SIZE gives a whole object or NULL",
	  .place = "linux/slab.h, KMALLOC_MAX_SIZE" },
	{ .nr = 8, .kind = 'I',
	  .text = "above KMALLOC_MAX_CACHE_SIZE is a compound page of its own",
	  .place = "mm, the large path of kmalloc()" },
	{ .nr = 9, .kind = 'C',
	  .text = "ksize() is at least the size asked for, 0 for no object",
	  .place = "ksize()" },
	{ .nr = 10, .kind = 'C',
	  .text = "kmalloc_size_roundup() is at least the size, and its own roundup",
	  .place = "kmalloc_size_roundup()" },
	{ .nr = 11, .kind = 'I',
	  .text = "ksize() is kmalloc_size_roundup() of the size",
	  .place = "kmalloc_size_roundup()" },
	{ .nr = 12, .kind = 'C',
	  .text = "__GFP_ZERO, kzalloc() and kcalloc() give zeroed memory",
	  .place = "linux/gfp_types.h, __GFP_ZERO; kzalloc(); kcalloc()" },
	{ .nr = 13, .kind = 'C',
	  .text = "krealloc() of NULL is kmalloc(), to no bytes is kfree()",
	  .place = "krealloc()" },
	{ .nr = 14, .kind = 'C',
	  .text = "krealloc() keeps the bytes that both sizes have",
	  .place = "krealloc()" },
	{ .nr = 15, .kind = 'C',
	  .text = "krealloc() with __GFP_ZERO throughout zeroes what it adds",
	  .place = "krealloc(); since 6.12" },
	{ .nr = 16, .kind = 'C',
	  .text = "krealloc() that fails leaves the object as it was",
	  .place = "krealloc()" },
	{ .nr = 17, .kind = 'C',
	  .text = "an array whose size overflows is NULL",
	  .place = "kmalloc_array(); kcalloc(); krealloc_array()" },
	{ .nr = 18, .kind = 'C',
	  .text = "GFP_ATOMIC and GFP_NOWAIT do not sleep and serve interrupts",
	  .place = "linux/gfp_types.h, GFP_ATOMIC and GFP_NOWAIT" },
	{ .nr = 19, .kind = 'C',
	  .text = "GFP_ATOMIC may be NULL, but not with plenty of free memory",
	  .place = RST("Get Free Page flags") },
	{ .nr = 20, .kind = 'C',
	  .text = "kfree() is legal in interrupts",
	  .place = "kfree(); kvfree()" },
	{ .nr = 21, .kind = 'C',
	  .text = "kmalloc_nolock() serves any context, and only the flags it names",
	  .place = "kmalloc_nolock(); since 6.18" },
	{ .nr = 22, .kind = 'C',
	  .text = "GFP_DMA gives memory of ZONE_DMA, whatever else is asked for",
	  .place = "linux/gfp_types.h, GFP_DMA; kmalloc_type()" },
	{ .nr = 23, .kind = 'C',
	  .text = "GFP_DMA32 is warned of and ignored",
	  .place = "linux/gfp_types.h, GFP_DMA32" },
	{ .nr = 24, .kind = 'C',
	  .text = "__GFP_NOFAIL is never NULL where it may sleep",
	  .place = "linux/gfp_types.h, __GFP_NOFAIL" },
	{ .nr = 25, .kind = 'C',
	  .text = "__GFP_NORETRY may be NULL and never has the OOM killer called",
	  .place = "linux/gfp_types.h, __GFP_NORETRY" },
	{ .nr = 26, .kind = 'C',
	  .text = "kmalloc_node() hints at a node, __GFP_THISNODE insists on it",
	  .place = "linux/gfp_types.h, __GFP_THISNODE" },
	{ .nr = 27, .kind = 'C',
	  .text = "kmalloc_track_caller() names its caller in the tracepoint",
	  .place = "kmalloc_track_caller(); trace/events/kmem.h" },
	{ .nr = 28, .kind = 'C',
	  .text = "kvmalloc() tries kmalloc() first, then vmalloc() above a page",
	  .place = "kvmalloc_node()" },
	{ .nr = 29, .kind = 'C',
	  .text = "kmem_cache_alloc_bulk() gives all objects or none",
	  .place = "linux/slab.h, bulk allocation" },
	{ .nr = 30, .kind = 'C',
	  .text = "kfree_bulk() takes objects of several sizes",
	  .place = "linux/slab.h, kfree_bulk()" },
	{ .nr = 31, .kind = 'C',
	  .text = "kfree_rcu() keeps the object until the grace period ends",
	  .place = "linux/rcupdate.h, kfree_rcu()" },
	{ .nr = 32, .kind = 'C',
	  .text = "kfree_sensitive() clears the object",
	  .place = "kfree_sensitive(); kvfree_sensitive()" },
	{ .nr = 33, .kind = 'C',
	  .text = "an object may be freed on another CPU",
	  .place = "kfree()" },
	{ .nr = 34, .kind = 'C',
	  .text = "GFP_KERNEL_ACCOUNT charges the memory cgroup, GFP_KERNEL does not",
	  .place = "linux/gfp_types.h, GFP_KERNEL_ACCOUNT" },
	{ .nr = 35, .kind = 'C',
	  .text = "the memory is physically contiguous",
	  .place = "core-api/dma-api.rst, dma_map_single()" },
	{ .nr = 36, .kind = 'C',
	  .text = "the memory is in the direct map and, for DMA, alone in its cache lines",
	  .place = "core-api/dma-api-howto.rst, What memory is DMA'able?" },
	{ .nr = 37, .kind = 'I',
	  .text = "the physical address does not change",
	  .place = "mm/compaction.c, which pages are isolated" },
	{ .nr = 38, .kind = 'I',
	  .text = "large objects are counted as unreclaimable slab, page by page",
	  .place = "mm, the large path of kmalloc()" },
	{ .nr = 39, .kind = 'C',
	  .text = "live objects do not share memory, and all of it comes back",
	  .place = "kmalloc(); kfree()" },
	{ .nr = 40, .kind = 'I',
	  .text = "objects up to a page survive fragmentation: slabs shrink",
	  .place = "mm/slub.c, ORDER_FALLBACK" },
	{ .nr = 41, .kind = 'C',
	  .text = "a failure that is injected is NULL: failslab, fail_page_alloc",
	  .place = "fault-injection/fault-injection.rst" },
	{ .nr = 42, .kind = 'C',
	  .text = "GFP_ATOMIC falls back to other blocks with vm.defrag_mode=1",
	  .place = "admin-guide/sysctl/vm.rst, defrag_mode" },
	{ .nr = 43, .kind = 'C',
	  .text = "GFP_KERNEL where nothing may sleep is warned of",
	  .place = "linux/gfp_types.h, GFP_KERNEL; might_alloc()" },
	{ .nr = 44, .kind = 'C',
	  .text = "a tag in the pointer does not disturb krealloc()",
	  .place = "dev-tools/kasan.rst, software and hardware tags" },
	{ .nr = 45, .kind = 'C',
	  .text = "krealloc_node_align() aligns as asked, as far as kmalloc() does",
	  .place = "krealloc_node_align(); since 6.18" },
	{ .nr = 46, .kind = 'I',
	  .text = "krealloc() to what fits leaves the object where it is",
	  .place = "mm/slub.c, __do_krealloc()" },
	{ .nr = 47, .kind = 'I',
	  .text = "kvfree() in an interrupt leaves memory of vmalloc() to a task",
	  .place = "mm/vmalloc.c, vfree()" },
	{ .nr = 48, .kind = 'C',
	  .text = "__GFP_NOMEMALLOC keeps off the reserves, whatever allows them",
	  .place = "linux/gfp_types.h, __GFP_NOMEMALLOC" },
};

/**
 * kmb_promise_find() - look up a promise
 * @nr: its number.
 *
 * Return: its row; one whose number is 0 when there is none.
 */
const struct kmb_promise *kmb_promise_find(unsigned int nr)
{
	static const struct kmb_promise unknown = {
		.kind = '?', .text = "unknown", .place = "no row of promises.c",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(promises); i++)
		if (promises[i].nr == nr)
			return &promises[i];
	return &unknown;
}

/**
 * kmb_promise_fails() - ask whether a breach of a promise fails the case
 * @promise: the promise.
 *
 * Return: false for a property of the implementation, unless strict=1.
 */
bool kmb_promise_fails(const struct kmb_promise *promise)
{
	return promise->kind != 'I' || strict;
}

/* The case that said so last, and which promise. */
static const struct kunit *said_by;
static unsigned int said;

/**
 * kmb_promise() - say which promise a case checks
 * @test: the case; of a parameterised one only the first parameter speaks.
 * @nr: a row of the table, whose absence fails the case.
 *
 * Scripts read the line: promise <nr> <C|I>: <text> (<place>)
 */
void kmb_promise(struct kunit *test, unsigned int nr)
{
	const struct kmb_promise *promise = kmb_promise_find(nr);

	KUNIT_ASSERT_EQ(test, promise->nr, nr);
	said_by = test;
	said = nr;
	if (test->param_index <= KMB_FIRST_PARAM)
		kunit_info(test, "promise %u %c: %s (%s)\n", promise->nr,
			   promise->kind, promise->text, promise->place);
}

/**
 * kmb_promise_of() - look up which promise a case checks
 * @test: the case.
 *
 * Return: what it said by kmb_promise(), if that is one of the contract; else the
 * number of the promise that memory is to be had while it is plenty.
 */
unsigned int kmb_promise_of(const struct kunit *test)
{
	if (said_by != test || kmb_promise_find(said)->kind != 'C')
		return KMB_PLENTY;
	return said;
}

/**
 * kmb_case_begins() - say that a case begins
 * @test: the case.
 *
 * Each .init calls it, or is it: of a case without parameters KUnit itself says
 * nothing before its result, and one in which the kernel dies has none.
 *
 * Return: 0.
 */
int kmb_case_begins(struct kunit *test)
{
	/* The next one may stand where that of another case has been. */
	said_by = NULL;
	if (!test->param_value)
		kunit_info(test, "begins\n");
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that was written before it is given out again, as fresh memory is
 * often zero by chance.
 *
 * Left out: the bytes behind the size that was asked for, which a case may
 * not write.
 */
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "dirt.h"
#include "promises.h"

/**
 * kmb_dirt_report() - say what the kernel zeroes without being asked
 * @test: the case; of a parameterised one only the first parameter speaks.
 */
void kmb_dirt_report(struct kunit *test)
{
	if (test->param_index <= KMB_FIRST_PARAM)
		kunit_info(test, "init_on_alloc is %s, init_on_free is %s\n",
			   str_on_off(want_init_on_alloc(0)),
			   str_on_off(want_init_on_free()));
}

/**
 * kmb_flag_or_skip() - skip a case where all that is allocated is zeroed
 * @test: the case.
 */
void kmb_flag_or_skip(struct kunit *test)
{
	if (want_init_on_alloc(0))
		kmb_skip(test,
			 "init_on_alloc is on: without the flag memory is zeroed, too; boot with init_on_alloc=0");
}

/**
 * kmb_dirt_or_skip() - skip a case where no dirt stays in memory
 * @test: the case.
 */
void kmb_dirt_or_skip(struct kunit *test)
{
	kmb_flag_or_skip(test);
	if (want_init_on_free())
		kmb_skip(test,
			 "init_on_free is on: no dirt stays in freed memory; boot with init_on_free=0");
}

/**
 * kmb_dirty() - write a handful in full and free it
 * @test: the case, which holds no objects.
 * @alloc: as for kmb_take().
 * @bytes: the size of each.
 * @flags: the flags.
 * @were: (out) which objects it was.
 */
void kmb_dirty(struct kunit *test, void *(*alloc)(size_t bytes, gfp_t flags),
	       size_t bytes, gfp_t flags, struct kmb_objects *were)
{
	unsigned int i;

	*were = *kmb_take(test, alloc, bytes, flags, "flags of the dirt");
	for (i = 0; i < were->nr; i++)
		memset(were->at[i], KMB_DIRT, bytes);
	kmb_put(test);
}

/**
 * kmb_find_dirt() - look for a byte that is not 0
 * @held: the objects.
 * @i: which of them to read.
 *
 * Return: the first such byte, NULL when all are 0.
 */
const u8 *kmb_find_dirt(const struct kmb_objects *held, unsigned int i)
{
	return memchr_inv(held->at[i], 0, held->bytes);
}

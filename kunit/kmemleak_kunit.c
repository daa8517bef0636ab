// SPDX-License-Identifier: GPL-2.0
/*
 * Has any suite left memory behind that nothing points to?
 *
 * Counters see a leak of some pages; kmemleak sees a single object. Its report
 * is of the whole kernel, so what is older than the first suite does not
 * count. This suite runs after all others, see the Makefile.
 *
 * Left out: what something points to by chance, and pages, which kmemleak does
 * not know.
 */
#include <kunit/test.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kernel_log.h"
#include "kmemleak.h"
#include "objects.h"
#include "promises.h"
#include "sizes.h"

/* As much of the report as a failure can show anything of. */
#define REPORT_SIZE (64 * 1024)
/* How each object begins in it. */
#define LEAK "unreferenced object"
/* Objects that are planted, as chance may keep one from being found. */
#define PLANTED 8
#define PLANTED_BYTES 200

static unsigned long began;
static char *report;
/* Addresses with all bits turned, which point to nothing; 0 for no object. */
static unsigned long planted[PLANTED];

#ifndef MODULE
/* The last thing before KUnit runs what is built in. */
static int __init note_begin(void)
{
	began = jiffies;
	return 0;
}
late_initcall_sync(note_begin);
#endif

static int kmemleak_init(struct kunit *test)
{
	kmb_case_begins(test);
	report = kunit_kzalloc(test, REPORT_SIZE, GFP_KERNEL);
	return report ? 0 : -ENOMEM;
}

static unsigned long hidden(const void *object)
{
	return object ? ~(unsigned long)object : 0;
}

static void pull_all(void)
{
	size_t i;

	for (i = 0; i < PLANTED; i++) {
		if (planted[i])
			kfree((void *)~planted[i]);
		planted[i] = 0;
	}
}

static void kmemleak_exit(struct kunit *test)
{
	pull_all();
}

static void skip_unless_report(struct kunit *test)
{
	const char *why = kmb_kmemleak_absent();

	if (why)
		kmb_skip(test, "%s", why);
}

/* More than the CPU has at hand of a size. */
#define AT_HAND 512

/*
 * Where objects lay ready to be given out, SLUB leaves their addresses after it
 * did: in sheaves, which kmemleak takes for use. Others go over them.
 */
static void cover_addresses(void)
{
	struct kmb_chain chain = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kmb_sizes); i++) {
		if (kmb_is_from_slab(kmb_sizes[i].bytes))
			kmb_chain_grow(&chain, AT_HAND, kmb_sizes[i].bytes,
				       GFP_KERNEL);
		kmb_chain_free(&chain);
	}
}

/* Whatever there is by now is old enough afterwards. */
static void scan(struct kunit *test)
{
	int err;

	cover_addresses();
	schedule_timeout_uninterruptible((KMB_KMEMLEAK_AGE + 1) * HZ);
	err = kmb_kmemleak_scan();
	if (err == -EPERM)
		kmb_skip(test, "kmemleak is switched off, or gave up");
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_GE(test, kmb_kmemleak_read(report, REPORT_SIZE), 0);
}

/* Return: whether it is of the time of the suites; so is what cannot be told. */
static bool is_recent(const char *leak)
{
	const char *at = strstr(leak, "jiffies ");
	unsigned long when;

	return !at || sscanf(at, "jiffies %lu", &when) != 1 ||
	       !time_before(when, began);
}

/* Return: the next object of the report that a suite may have left, or NULL. */
static char *next_leak(char *from)
{
	char *leak;

	for (leak = strstr(from, LEAK); leak; leak = strstr(leak + 1, LEAK))
		if (is_recent(leak))
			return leak;
	return NULL;
}

static unsigned int count_leaks(void)
{
	unsigned int count = 0;
	char *leak;

	for (leak = next_leak(report); leak; leak = next_leak(leak + 1))
		count++;
	return count;
}

/* Return: the first leak alone, for a message. */
static const char *first_leak(void)
{
	char *leak = next_leak(report);
	char *end = leak ? strstr(leak + 1, LEAK) : NULL;

	if (end)
		*end = '\0';
	return leak ?: "";
}

static void p39_nothing_is_left_unreferenced(struct kunit *test)
{
	unsigned int leaks;

	kmb_promise(test, 39);
	skip_unless_report(test);
	scan(test);
	leaks = count_leaks();
	KMB_EXPECT(test, 39, !leaks,
		   "all suites: expected kmemleak to find nothing, got %u objects, the first: %s",
		   leaks, first_leak());
}

/* A thread of its own, so that its stack, where addresses stay, is gone. */
static int plant_all(void *unused)
{
	size_t i;

	for (i = 0; i < PLANTED; i++)
		planted[i] = hidden(kmb_kmalloc(PLANTED_BYTES, GFP_KERNEL));
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static void plant(struct kunit *test)
{
	struct task_struct *planter = kthread_run(plant_all, NULL, "kmbench-leak");
	size_t i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(planter));
	schedule_timeout_uninterruptible(HZ / 10);
	kthread_stop(planter);
	for (i = 0; i < PLANTED; i++)
		KUNIT_ASSERT_NE(test, planted[i], 0);
}

static unsigned int count_planted(void)
{
	unsigned int count = 0;
	char begin[64];
	size_t i;

	for (i = 0; i < PLANTED; i++) {
		snprintf(begin, sizeof(begin), LEAK " 0x%08lx ", ~planted[i]);
		count += !!strstr(report, begin);
	}
	return count;
}

/* What is planted is found, and nothing else; what is freed is found no more. */
static void control_planted_leak_is_found(struct kunit *test)
{
	unsigned int found;

	skip_unless_report(test);
	plant(test);
	kmb_log_ask();
	scan(test);
	kmb_log_asked();
	found = count_planted();
	KUNIT_EXPECT_GT(test, found, 0);
	KUNIT_EXPECT_EQ(test, found, count_leaks());
	pull_all();
	KUNIT_ASSERT_GE(test, kmb_kmemleak_read(report, REPORT_SIZE), 0);
	KUNIT_EXPECT_EQ(test, count_leaks(), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(p39_nothing_is_left_unreferenced),
	KUNIT_CASE(control_planted_leak_is_found),
	{}
};

static struct kunit_suite kmemleak_suite = {
	.name = "kmalloc_kmemleak",
	.init = kmemleak_init,
	.exit = kmemleak_exit,
	.test_cases = cases,
};

kunit_test_suite(kmemleak_suite);

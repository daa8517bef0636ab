// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the suites of kunit/ while the module is loaded and prints KTAP as
 * KUnit does, for kernels that have none.
 *
 * Like there, each case is a thread of its own, which an assertion ends, and
 * what it leaves is put in order by a second one. Loading the module succeeds
 * whatever the cases found; that is in the log. A case that does not end is
 * named and ends the run, since it may hold anything; the module then stays.
 * A case says that it begins, so that one in which the kernel dies is known.
 * Left out: debugfs, attributes, running two suites at once.
 */
#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>

#include "filter.h"
#include "runner.h"

static unsigned int timeout = 120;
module_param(timeout, uint, 0444);
MODULE_PARM_DESC(timeout, "seconds after which a case is taken to hang (120)");

static char *filter = "*";
module_param(filter, charp, 0444);
MODULE_PARM_DESC(filter, "globs of the suites and cases to run: suite or suite.case (all)");

/* How deep a result is indented. */
enum { SUITE, CASE, PARAM };

struct counts {
	unsigned long by[KUNIT_SKIPPED + 1];
};

static unsigned long total(const struct counts *counts)
{
	return counts->by[KUNIT_SUCCESS] + counts->by[KUNIT_FAILURE] +
	       counts->by[KUNIT_SKIPPED];
}

static void print_counts(int depth, const char *name,
			 const struct counts *counts)
{
	if (total(counts) > 1)
		pr_info("%*s# %s: pass:%lu fail:%lu skip:%lu total:%lu\n",
			depth * 4, "", name, counts->by[KUNIT_SUCCESS],
			counts->by[KUNIT_FAILURE], counts->by[KUNIT_SKIPPED],
			total(counts));
}

static void print_result(int depth, enum kunit_status status, unsigned int nr,
			 const char *name, const char *why)
{
	bool skipped = status == KUNIT_SKIPPED;

	pr_info("%*s%s %u %s%s%s\n", depth * 4, "",
		status == KUNIT_FAILURE ? "not ok" : "ok", nr, name,
		skipped ? " # SKIP " : "", skipped ? why : "");
}

/* What the results of parts come to. */
static enum kunit_status status_of(const struct counts *parts)
{
	if (parts->by[KUNIT_FAILURE])
		return KUNIT_FAILURE;
	return parts->by[KUNIT_SUCCESS] ? KUNIT_SUCCESS : KUNIT_SKIPPED;
}

/* An allocation of a case that is freed when it ends. */
struct memory {
	struct list_head list;
	void *data;
};

void *kunit_kmalloc(struct kunit *test, size_t bytes, gfp_t flags)
{
	struct memory *memory;

	memory = kmalloc(sizeof(*memory), GFP_KERNEL);
	if (!memory)
		return NULL;
	memory->data = kmalloc(bytes, flags);
	if (!memory->data) {
		kfree(memory);
		return NULL;
	}
	list_add(&memory->list, &test->memory);
	return memory->data;
}

static void free_memory(struct kunit *test)
{
	struct memory *memory, *next;

	list_for_each_entry_safe(memory, next, &test->memory, list) {
		list_del(&memory->list);
		kfree(memory->data);
		kfree(memory);
	}
}

/*
 * The case that is being run; there is one at a time. A thread calls @body.
 */
static struct run {
	struct kunit test;
	const struct kunit_suite *suite;
	const struct kunit_case *what;
	void (*body)(void);
	bool hangs;
} run;

static void run_case(void)
{
	struct kunit *test = &run.test;
	int err = run.suite->init ? run.suite->init(test) : 0;

	if (err) {
		pr_err(KUNIT_SUBTEST_INDENT "# %s: failed to initialize: %d\n",
		       test->name, err);
		WRITE_ONCE(test->status, KUNIT_FAILURE);
		return;
	}
	run.what->run_case(test);
}

static void run_exit(void)
{
	if (run.suite->exit)
		run.suite->exit(&run.test);
}

void __noreturn kunit_try_catch_throw(struct kunit_try_catch *try_catch)
{
	kthread_complete_and_exit(&try_catch->done, 0);
}

static int run_body(void *unused)
{
	run.body();
	kunit_try_catch_throw(&run.test.try_catch);
}

/* Return: 0, -ETIMEDOUT when the thread is still running, or another error. */
static int run_in_thread(void (*body)(void))
{
	struct completion *done = &run.test.try_catch.done;
	struct task_struct *task;

	run.body = body;
	init_completion(done);
	task = kthread_run(run_body, NULL, "kmalloc_ktap");
	if (IS_ERR(task))
		return PTR_ERR(task);
	if (!wait_for_completion_timeout(done, timeout * HZ))
		return -ETIMEDOUT;
	return 0;
}

static void fail_by_error(int err)
{
	WRITE_ONCE(run.test.status, KUNIT_FAILURE);
	if (err == -ETIMEDOUT)
		pr_err(KUNIT_SUBTEST_INDENT "# %s: test case timed out: still running after %u s\n",
		       run.test.name, timeout);
	else
		pr_err(KUNIT_SUBTEST_INDENT "# %s: internal error occurred preventing test case from running: %d\n",
		       run.test.name, err);
}

/* Return: how it ended; run.test holds more until the next one is run. */
static enum kunit_status run_one(const struct kunit_suite *suite,
				 const struct kunit_case *what,
				 const void *row, int index)
{
	int err;

	memset(&run.test, 0, sizeof(run.test));
	run.suite = suite;
	run.what = what;
	run.test.name = what->name;
	run.test.param_value = row;
	run.test.param_index = index;
	INIT_LIST_HEAD(&run.test.memory);
	err = run_in_thread(run_case);
	if (!err)
		err = run_in_thread(run_exit);
	if (err)
		fail_by_error(err);
	run.hangs = err == -ETIMEDOUT;
	if (!run.hangs)
		free_memory(&run.test);
	return READ_ONCE(run.test.status);
}

static void run_rows(const struct kunit_suite *suite,
		     const struct kunit_case *what, struct counts *rows)
{
	char desc[KUNIT_PARAM_DESC_SIZE] = "";
	const void *row = what->generate_params(NULL, desc);
	enum kunit_status status;
	int index = 0;

	pr_info("%*sKTAP version 1\n", PARAM * 4, "");
	pr_info("%*s# Subtest: %s\n", PARAM * 4, "", what->name);
	while (row && !run.hangs) {
		status = run_one(suite, what, row, index++);
		if (!desc[0])
			snprintf(desc, sizeof(desc), "param-%d", index);
		print_result(PARAM, status, index, desc,
			     run.test.status_comment);
		rows->by[status]++;
		desc[0] = '\0';
		row = what->generate_params(row, desc);
	}
	print_counts(CASE, what->name, rows);
}

/* Return: how the case ended, all of its rows together. */
static enum kunit_status run_numbered(const struct kunit_suite *suite,
				      const struct kunit_case *what,
				      unsigned int nr, struct counts *all)
{
	struct counts rows = {};
	const char *why = "";
	size_t i;

	if (what->generate_params) {
		run_rows(suite, what, &rows);
	} else {
		rows.by[run_one(suite, what, NULL, 0)]++;
		why = run.test.status_comment;
	}
	print_result(CASE, status_of(&rows), nr, what->name, why);
	for (i = 0; i < ARRAY_SIZE(rows.by); i++)
		all->by[i] += rows.by[i];
	return status_of(&rows);
}

static void run_suite(const struct kunit_suite *suite, unsigned int nr)
{
	struct counts cases = {}, all = {};
	const struct kunit_case *what;
	unsigned int case_nr = 0;

	pr_info("%*sKTAP version 1\n", CASE * 4, "");
	pr_info("%*s# Subtest: %s\n", CASE * 4, "", suite->name);
	pr_info("%*s1..%u\n", CASE * 4, "", kmb_filter_count(filter, suite));
	for (what = suite->test_cases; what->run_case && !run.hangs; what++)
		if (kmb_filter_allows(filter, suite, what->name))
			cases.by[run_numbered(suite, what, ++case_nr, &all)]++;
	print_counts(SUITE, suite->name, &cases);
	print_counts(SUITE, "Totals", &all);
	print_result(SUITE, status_of(&cases), nr, suite->name, "");
}

static unsigned int count_suites(void)
{
	struct kunit_suite * const *suite;
	unsigned int count = 0;

	for (suite = kmb_ktap_first + 1; suite < kmb_ktap_last; suite++)
		count += !!kmb_filter_count(filter, *suite);
	return count;
}

static int refuse_filter(void)
{
	struct kunit_suite * const *suite;

	pr_err("kmalloc_ktap: no suite or case matches filter=%s; the suites are:\n",
	       filter);
	for (suite = kmb_ktap_first + 1; suite < kmb_ktap_last; suite++)
		pr_err("kmalloc_ktap: %s\n", (*suite)->name);
	return -EINVAL;
}

static int __init kmalloc_ktap_init(void)
{
	unsigned int count = count_suites(), nr = 0;
	struct kunit_suite * const *suite;

	if (!count)
		return refuse_filter();
	pr_info("KTAP version 1\n");
	pr_info("1..%u\n", count);
	for (suite = kmb_ktap_first + 1; suite < kmb_ktap_last; suite++)
		if (kmb_filter_count(filter, *suite) && !run.hangs)
			run_suite(*suite, ++nr);
	if (run.hangs)
		__module_get(THIS_MODULE);
	return 0;
}
module_init(kmalloc_ktap_init);

static void __exit kmalloc_ktap_exit(void)
{
}
module_exit(kmalloc_ktap_exit);

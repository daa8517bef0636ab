// SPDX-License-Identifier: GPL-2.0
/*
 * Which suites and cases are to run: "suite glob" or "suite glob.case glob",
 * as in KUnit's filter_glob. Left out: [a-z], as no name needs it.
 */
#include <kunit/test.h>

#include "filter.h"

/* A glob ends at @end; it knows * and ?. */
static bool matches(const char *glob, const char *end, const char *name)
{
	for (; glob < end && *glob != '*'; glob++, name++)
		if (!*name || (*glob != '?' && *glob != *name))
			return false;
	if (glob == end)
		return !*name;
	do {
		if (matches(glob + 1, end, name))
			return true;
	} while (*name++);
	return false;
}

/**
 * kmb_filter_allows() - ask whether a case is to run
 * @filter: see above.
 * @suite: its suite.
 * @name: its name.
 *
 * Return: whether it is.
 */
bool kmb_filter_allows(const char *filter, const struct kunit_suite *suite,
		       const char *name)
{
	const char *dot = strchrnul(filter, '.');

	if (!matches(filter, dot, suite->name))
		return false;
	return !*dot || matches(dot + 1, dot + strlen(dot), name);
}

/**
 * kmb_filter_count() - count the cases of a suite that are to run
 * @filter: see above.
 * @suite: the suite.
 *
 * Return: how many.
 */
unsigned int kmb_filter_count(const char *filter,
			      const struct kunit_suite *suite)
{
	const struct kunit_case *what;
	unsigned int count = 0;

	for (what = suite->test_cases; what->run_case; what++)
		count += kmb_filter_allows(filter, suite, what->name);
	return count;
}

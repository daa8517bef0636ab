/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which suites and cases are to run.
 */
#ifndef _KMBENCH_KTAP_FILTER_H
#define _KMBENCH_KTAP_FILTER_H

#include <linux/types.h>

struct kunit_suite;

bool kmb_filter_allows(const char *filter, const struct kunit_suite *suite,
		       const char *name);
unsigned int kmb_filter_count(const char *filter,
			      const struct kunit_suite *suite);

#endif /* _KMBENCH_KTAP_FILTER_H */

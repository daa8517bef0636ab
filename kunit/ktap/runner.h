/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the suites that are linked into the module lie.
 */
#ifndef _KMBENCH_KTAP_RUNNER_H
#define _KMBENCH_KTAP_RUNNER_H

#include <kunit/test.h>

/* Before the first suite, and after the last one: a NULL each. */
extern struct kunit_suite * const kmb_ktap_first[];
extern struct kunit_suite * const kmb_ktap_last[];

#endif /* _KMBENCH_KTAP_RUNNER_H */

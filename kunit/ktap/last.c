// SPDX-License-Identifier: GPL-2.0
/*
 * One end of the section in which the suites lie; Kbuild links this file
 * after all of them.
 */
#include <kunit/test.h>

#include "runner.h"

struct kunit_suite * const kmb_ktap_last[]
__used __section(KUNIT_SUITES) = { NULL };

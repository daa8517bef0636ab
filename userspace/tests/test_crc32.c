// SPDX-License-Identifier: GPL-2.0
/*
 * The checksum of a guest's results, which the host compares with zlib's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "crc32.h"

static void test_check_value_of_the_standard(void **state)
{
	(void)state;
	assert_int_equal(crc32_add(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(crc32_add(0, "", 0), 0);
	/* The control. */
	assert_int_not_equal(crc32_add(0, "123456780", 9), 0xcbf43926);
}

static void test_parts_are_as_the_whole(void **state)
{
	(void)state;
	assert_int_equal(crc32_add(crc32_add(0, "1234", 4), "56789", 5),
			 crc32_add(0, "123456789", 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_value_of_the_standard),
		cmocka_unit_test(test_parts_are_as_the_whole),
	};

	return cmocka_run_group_tests_name("crc32", tests, NULL, NULL) != 0;
}

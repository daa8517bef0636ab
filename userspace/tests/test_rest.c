// SPDX-License-Identifier: GPL-2.0
/* Tests of time that passes while others work: how much, and that nobody sleeps. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "rest.h"

#define REST_NS	20000000

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* How often the CPU was given up. */
static long given_up(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
	return usage.ru_nvcsw;
}

static void test_as_long_as_asked(void **state)
{
	uint64_t began = now_ns();

	(void)state;
	rest__ns(REST_NS);
	assert_true(now_ns() - began >= REST_NS);
}

static void test_the_cpu_is_not_given_up(void **state)
{
	const struct timespec time = { .tv_nsec = REST_NS };
	long before = given_up();

	(void)state;
	rest__ns(REST_NS);
	assert_int_equal(given_up(), before);
	/* The control: who sleeps gives it up. */
	nanosleep(&time, NULL);
	assert_true(given_up() > before);
}

static void test_it_goes_last_only_meanwhile(void **state)
{
	int before = sched_getscheduler(0);

	(void)state;
	rest__ns(1);
	assert_int_equal(sched_getscheduler(0), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_long_as_asked),
		cmocka_unit_test(test_the_cpu_is_not_given_up),
		cmocka_unit_test(test_it_goes_last_only_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

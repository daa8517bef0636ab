// SPDX-License-Identifier: GPL-2.0
/*
 * The document: its shape, that equal answers make equal text, and that a
 * file appears complete or not at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rows.h"
#include "json_out.h"
#include "system.h"

static struct repetition repetition_of(uint64_t value, uint64_t count,
				       uint64_t failed)
{
	struct kmb_stats stats = { .count = count, .sum = count * value,
				   .min = value, .max = value };
	uint64_t *counts = calloc(KMB_HIST_BUCKETS, sizeof(*counts));
	struct repetition repetition = {
		.answer = { .failed.count = failed, .op = stats, .mean = stats,
			    .empty = stats, .clock = stats, .record = stats,
			    .allocs = 77, .frees = 78, .mean_failed = failed,
			    .together = { .series = failed ? 3 : 0,
					  .alloc_cpus = 31, .free_cpus = 32,
					  .met = 33, .gone = 34, .at_once = 35,
					  .freed_elsewhere = 36 } },
	};

	assert_non_null(counts);
	counts[kmb_hist_index(value)] = count;
	repetition.histogram = histogram__new(counts);
	free(counts);
	return repetition;
}

/* Two cells: one with samples and counters, one where every operation failed. */
struct fixture {
	struct catalog *catalog;
	struct repetition good[2], bad[1];
	struct measured_cell cells[2];
	struct measurement measurement;
	struct kmb_info info;
	json_t *system;
};

static int fixture_set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->catalog = rows__catalog();
	f->good[0] = repetition_of(1000, 30, 2);
	f->good[1] = repetition_of(10, 32, 0);
	f->bad[0] = repetition_of(0, 0, 32);
	f->cells[0].cell = rows__cell(f->catalog,
				      "pair/hardirq/GFP_ATOMIC|__GFP_ZERO/64");
	f->cells[0].iterations = 32;
	f->cells[0].warmup = 8;
	f->cells[0].nr_repetitions = 2;
	f->cells[0].repetitions = f->good;
	f->cells[0].counters[0].known = true;
	f->cells[0].counters[0].value = 12345;
	strcpy(f->cells[0].counters[1].why, "ENOENT: made up");
	f->cells[0].events.values[0].known = true;
	f->cells[0].events.values[0].value = 99;
	strcpy(f->cells[0].events.values[1].why, "made up");
	f->cells[0].footprint.held = 10;
	f->cells[0].footprint.size = 64;
	f->cells[0].footprint.blocks = 1;
	f->cells[0].footprint.bytes = 4096;
	f->cells[1].cell = rows__cell(f->catalog, "burst/task/GFP_KERNEL/4096");
	f->cells[1].nr_repetitions = 1;
	f->cells[1].repetitions = f->bad;
	f->measurement.options.cpu = 3;
	f->measurement.nr_cells = 2;
	f->measurement.cells = f->cells;
	strcpy(f->info.clock, "tsc");
	f->system = json_pack("{s:s}", "release", "6.1");
	*state = f;
	return 0;
}

static int fixture_tear_down(void **state)
{
	struct fixture *f = *state;

	histogram__delete(f->good[0].histogram);
	histogram__delete(f->good[1].histogram);
	histogram__delete(f->bad[0].histogram);
	catalog__delete(f->catalog);
	json_decref(f->system);
	free(f);
	return 0;
}

static char *document_text(struct fixture *f)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	assert_int_equal(json_out__write(file, f->system, &f->info,
					 &f->measurement), 0);
	fclose(file);
	return text;
}

static json_t *document(struct fixture *f)
{
	char *text = document_text(f);
	json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(all);
	free(text);
	return all;
}

/* Unpacks strictly: a member too many or too few, or another type, fails. */
static void assert_unpacks(json_t *value, const char *format, ...)
{
	json_error_t error;
	va_list args;
	int err;

	va_start(args, format);
	err = json_vunpack_ex(value, &error, JSON_STRICT, format, args);
	va_end(args);
	if (err)
		fail_msg("%s", error.text);
}

static json_t *cell_of(json_t *all, size_t i)
{
	return json_array_get(json_object_get(json_object_get(all, "measured"),
					      "cells"), i);
}

static void test_document_has_its_members(void **state)
{
	json_t *all = document(*state), *cells, *hz;
	const char *format, *version, *release, *clock;
	int number, abi, cpu;

	assert_unpacks(all, "{s:s, s:i, s:{s:s, s:i}, s:{s:s}, s:{s:s, s:o}, s:{s:i, s:o}}",
		       "format", &format, "format_version", &number,
		       "tool", "version", &version, "abi", &abi,
		       "system", "release", &release,
		       "clock", "name", &clock, "hz", &hz,
		       "measured", "cpu", &cpu, "cells", &cells);
	assert_string_equal(format, "kmbench-measurement");
	assert_int_equal(number, JSON_OUT_VERSION);
	assert_string_equal(version, KMB_VERSION);
	assert_int_equal(abi, KMB_ABI_VERSION);
	assert_string_equal(release, "6.1");
	assert_string_equal(clock, "tsc");
	assert_true(json_is_null(hz));
	assert_int_equal(cpu, 3);
	assert_int_equal(json_array_size(cells), 2);
	json_decref(all);
}

static void test_known_frequency_is_given(void **state)
{
	struct fixture *f = *state;
	json_t *all;

	f->info.clock_hz = 2400000000;
	all = document(f);
	assert_true(json_integer_value(json_object_get(json_object_get(all,
			"clock"), "hz")) == 2400000000);
	json_decref(all);
}

static void test_cell_has_its_members(void **state)
{
	json_t *all = document(*state), *repetitions, *percentiles_, *counters;
	int size, cpus, iterations, warmup, steady, spread, n[4];
	const char *name, *scenario, *context, *gfp;
	json_t *events;

	assert_unpacks(cell_of(all, 0),
		       "{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:o, s:o, s:b, s:i, s:{s:i, s:i, s:i, s:i}, s:o, s:o}",
		       "name", &name, "scenario", &scenario,
		       "context", &context, "gfp", &gfp, "size", &size,
		       "cpus", &cpus,
		       "iterations", &iterations, "warmup", &warmup,
		       "repetitions", &repetitions,
		       "percentiles", &percentiles_, "steady", &steady,
		       "spread", &spread, "footprint", "objects", n,
		       "live_bytes", n + 1, "blocks", n + 2, "held_bytes", n + 3,
		       "events", &events, "counters", &counters);
	assert_false(steady);
	assert_int_equal(spread, (1000 - 10) * 100);
	assert_int_equal(cpus, 1);
	assert_int_equal(n[0], 10);
	assert_int_equal(n[1], 640);
	assert_int_equal(n[3], 4096);
	assert_int_equal(json_object_size(events), EVENTS_NR);
	assert_string_equal(name, "pair/hardirq/GFP_ATOMIC|__GFP_ZERO/64");
	assert_string_equal(scenario, "pair");
	assert_string_equal(context, "hardirq");
	assert_string_equal(gfp, "GFP_ATOMIC|__GFP_ZERO");
	assert_int_equal(size, 64);
	assert_int_equal(iterations, 32);
	assert_int_equal(warmup, 8);
	assert_int_equal(json_array_size(repetitions), 2);
	assert_int_equal(json_object_size(percentiles_), 5);
	assert_int_equal(json_object_size(counters), COUNTERS_NR);
	json_decref(all);
}

static void test_repetition_has_its_members(void **state)
{
	json_t *all = document(*state);
	json_t *one = json_array_get(json_object_get(cell_of(all, 0),
						     "repetitions"), 0);
	int n[30], i;

	assert_unpacks(one, "{s:i, s:i, s:i, s:i, s:i, s:{s:i, s:i, s:i, s:i, s:i}, s:{s:i, s:i, s:i, s:i}, s:{s:i, s:i, s:i, s:i}, s:{s:i, s:i, s:i, s:i}, s:i, s:i, s:{s:i, s:i, s:i, s:i, s:i, s:i}, s:o}",
		       "count", n, "failed", n + 1, "sum", n + 2,
		       "min", n + 3, "max", n + 4, "mean_loop",
		       "count", n + 13, "failed", n + 14, "sum", n + 15,
		       "min", n + 16, "max", n + 17,
		       "empty", "count", n + 5, "sum", n + 6, "min", n + 7,
		       "max", n + 8,
		       "clock", "count", n + 9, "sum", n + 10, "min", n + 11,
		       "max", n + 12, "record", "count", n + 18, "sum", n + 19,
		       "min", n + 20, "max", n + 21, "allocs", n + 22,
		       "frees", n + 23, "together", "alloc_cpus", n + 24,
		       "free_cpus", n + 25, "met", n + 26, "gone", n + 27,
		       "at_once", n + 28, "freed_elsewhere", n + 29,
		       "histogram", &one);
	assert_int_equal(n[0], 30);
	assert_int_equal(n[1], 2);
	assert_int_equal(n[2], 30000);
	assert_int_equal(n[3], 1000);
	assert_int_equal(n[4], 1000);
	assert_int_equal(n[5], 30);
	assert_int_equal(n[12], 1000);
	assert_int_equal(n[13], 30);
	assert_int_equal(n[14], 2);
	assert_int_equal(n[22], 77);
	assert_int_equal(n[23], 78);
	for (i = 0; i < 6; i++)
		assert_int_equal(n[24 + i], 31 + i);
	assert_unpacks(one, "[[i, i]]", n, n + 1);
	assert_int_equal(n[0], kmb_hist_low(kmb_hist_index(1000)));
	assert_int_equal(n[1], 30);
	json_decref(all);
}

static void test_percentiles_are_of_all_repetitions(void **state)
{
	json_t *all = document(*state);
	int p50, p90;

	assert_unpacks(json_object_get(cell_of(all, 0), "percentiles"),
		       "{s:i, s:i, s:n, s:n, s:n}", "p50", &p50, "p90", &p90,
		       "p99", "p99.9", "p99.99");
	assert_int_equal(p50, 10);
	assert_in_range(p90, 990, 1000);
	json_decref(all);
}

static void test_no_samples_is_null_not_zero(void **state)
{
	json_t *all = document(*state), *cell = cell_of(all, 1), *one;

	one = json_array_get(json_object_get(cell, "repetitions"), 0);
	assert_true(json_is_null(json_object_get(cell, "percentiles")));
	assert_true(json_is_null(json_object_get(one, "min")));
	assert_true(json_is_null(json_object_get(one, "max")));
	assert_true(json_is_null(json_object_get(one, "mean_loop")));
	/* Nor does the module count the calls of this scenario. */
	assert_true(json_is_null(json_object_get(one, "allocs")));
	assert_true(json_is_null(json_object_get(one, "frees")));
	assert_int_equal(json_integer_value(json_object_get(one, "failed")),
			 32);
	assert_int_equal(json_array_size(json_object_get(one, "histogram")), 0);
	json_decref(all);
}

static void test_counter_is_a_value_or_unavailable(void **state)
{
	json_t *all = document(*state), *counters;
	const char *why;
	int value;

	counters = json_object_get(cell_of(all, 0), "counters");
	assert_unpacks(json_object_get(counters, counters__name(0)), "{s:i}",
		       "value", &value);
	assert_int_equal(value, 12345);
	assert_unpacks(json_object_get(counters, counters__name(1)), "{s:s}",
		       "unavailable", &why);
	assert_string_equal(why, "ENOENT: made up");
	json_decref(all);
}

static void test_equal_answers_make_equal_text(void **state)
{
	char *first = document_text(*state), *second = document_text(*state);

	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void test_file_appears_only_when_committed(void **state)
{
	char path[] = "/tmp/kmbench-test-XXXXXX", tmp[sizeof(path) + 4];
	struct json_out out;

	(void)state;
	close(mkstemp(path));
	unlink(path);
	sprintf(tmp, "%s.tmp", path);
	assert_int_equal(json_out__open(&out, path), 0);
	assert_int_equal(access(tmp, F_OK), 0);
	json_out__close(&out);
	assert_int_equal(access(tmp, F_OK), -1);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(json_out__open(&out, path), 0);
	assert_int_equal(json_out__commit(&out), 0);
	json_out__close(&out);
	assert_int_equal(access(tmp, F_OK), -1);
	assert_int_equal(unlink(path), 0);
}

static void test_only_regular_files_are_replaced(void **state)
{
	char path[] = "/tmp/kmbench-test-XXXXXX";
	struct json_out out;
	int err;

	(void)state;
	close(mkstemp(path));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	err = json_out__open(&out, path);
	json_out__close(&out);
	unlink(path);
	assert_int_equal(err, -EINVAL);
	err = json_out__open(&out, "/nowhere/file");
	json_out__close(&out);
	assert_int_equal(err, -ENOENT);
}

static void test_failed_write_is_an_error(void **state)
{
	struct fixture *f = *state;
	FILE *file = fopen("/dev/full", "w");
	int err;

	assert_non_null(file);
	setvbuf(file, NULL, _IONBF, 0);
	err = json_out__write(file, f->system, &f->info, &f->measurement);
	assert_true(err < 0);
	fclose(file);
}

/* A disk that is full for a moment: the second write fails, no other. */
static ssize_t write_but_second(void *cookie, const char *text, size_t size)
{
	int *writes = cookie;

	(void)text;
	errno = ENOSPC;
	return ++*writes == 2 ? 0 : (ssize_t)size;
}

static void test_no_failed_write_is_forgotten(void **state)
{
	const cookie_io_functions_t functions = { .write = write_but_second };
	struct fixture *f = *state;
	int err, writes = 0;
	FILE *file = fopencookie(&writes, "w", functions);

	assert_non_null(file);
	setvbuf(file, NULL, _IONBF, 0);
	err = json_out__write(file, f->system, &f->info, &f->measurement);
	fclose(file);
	assert_true(err < 0);
}

#define WITH_FIXTURE(test) \
	cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_document_has_its_members),
		WITH_FIXTURE(test_known_frequency_is_given),
		WITH_FIXTURE(test_cell_has_its_members),
		WITH_FIXTURE(test_repetition_has_its_members),
		WITH_FIXTURE(test_percentiles_are_of_all_repetitions),
		WITH_FIXTURE(test_no_samples_is_null_not_zero),
		WITH_FIXTURE(test_counter_is_a_value_or_unavailable),
		WITH_FIXTURE(test_equal_answers_make_equal_text),
		WITH_FIXTURE(test_no_failed_write_is_forgotten),
		WITH_FIXTURE(test_failed_write_is_an_error),
		cmocka_unit_test(test_only_regular_files_are_replaced),
		cmocka_unit_test(test_file_appears_only_when_committed),
	};

	return cmocka_run_group_tests_name("json_out", tests, NULL, NULL) != 0;
}

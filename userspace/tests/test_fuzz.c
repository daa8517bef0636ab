// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer notices each kind of answer that is wrong, and no other; and a seed
 * gives the same requests again.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "fuzz.h"

static struct fuzz_request request;

static const struct fuzz_offer offer = {
	.info = { .nr_rows = { 42, 8, 8, 27, 2, 7, 2, 3 }, .max_size = 4 << 20 },
	.late = 25,
};

static int set_up(void **state)
{
	(void)state;
	memset(&request, 0, sizeof(request));
	return 0;
}

/* A run of two samples, of which one failed. */
static void answer_run(void)
{
	struct kmb_run *run = &request.body.run;

	request.cmd = KMB_IOC_RUN;
	run->iterations = 2;
	run->samplers = 1;
	run->failed.count = 1;
	run->failures = (uintptr_t)request.failures;
	request.failures[9] = 1;
	run->op.count = 1;
	run->histogram = (uintptr_t)request.counts;
	request.counts[7] = 1;
}

static void good_answers_are_believed(void **state)
{
	(void)state;
	answer_run();
	assert_null(fuzz__complaint(&request, 0));
	assert_null(fuzz__complaint(&request, -EBUSY));
	strcpy(request.body.run.why, "size 0: 1 to 2");
	assert_null(fuzz__complaint(&request, -EINVAL));
	request.cmd = 1;
	assert_null(fuzz__complaint(&request, -ENOTTY));
}

static void error_without_why_is_reported(void **state)
{
	static const int errors[3] = { -EINVAL, -EOPNOTSUPP, -ENOSPC };
	size_t i;

	(void)state;
	answer_run();
	for (i = 0; i < 3; i++)
		assert_string_equal(fuzz__complaint(&request, errors[i]),
				    "run: an error that does not say why");
	request.cmd = KMB_IOC_FOOTPRINT;
	memset(&request.body, 0, sizeof(request.body));
	assert_string_equal(fuzz__complaint(&request, -EINVAL),
			    "footprint: an error that does not say why");
	request.cmd = KMB_IOC_WALK;
	assert_string_equal(fuzz__complaint(&request, -EINVAL),
			    "walk: an error that does not say why");
	request.cmd = KMB_IOC_TOUCH;
	assert_string_equal(fuzz__complaint(&request, -EINVAL),
			    "touch: an error that does not say why");
	request.cmd = KMB_IOC_LEND;
	assert_string_equal(fuzz__complaint(&request, -EINVAL),
			    "lend: an error that does not say why");
	request.cmd = KMB_IOC_FRAG;
	assert_string_equal(fuzz__complaint(&request, -ERANGE),
			    "frag: an error that does not say why");
	request.cmd = KMB_IOC_LOOK;
	assert_string_equal(fuzz__complaint(&request, -ENOENT),
			    "look: an error that does not say why");
}

static void look_that_misses_a_page_is_reported(void **state)
{
	struct kmb_look *look = &request.body.look;

	(void)state;
	memset(&request, 0, sizeof(request));
	request.cmd = KMB_IOC_LOOK;
	look->bytes = 2 * 4096;
	look->mapped.pages[KMB_PAGE_4K] = 2;
	look->mapped.runs = 2;
	assert_null(fuzz__complaint(&request, 0));
	look->mapped.pages[KMB_PAGE_4K] = 1;
	assert_string_equal(fuzz__complaint(&request, 0), "look: figures that disagree");
	look->mapped.pages[KMB_PAGE_2M] = 1;
	look->mapped.runs = 3;
	assert_string_equal(fuzz__complaint(&request, 0), "look: figures that disagree");
}

static void why_without_an_end_is_reported(void **state)
{
	(void)state;
	answer_run();
	memset(request.body.run.why, 'x', KMB_TEXT_LEN);
	assert_non_null(fuzz__complaint(&request, -EBUSY));
}

static void figures_that_disagree_are_reported(void **state)
{
	(void)state;
	answer_run();
	request.body.run.failed.count = 0;
	assert_string_equal(fuzz__complaint(&request, 0),
			    "run: figures that disagree");
	request.body.run.failed.count = 1;
	request.failures[8] = 1;
	assert_string_equal(fuzz__complaint(&request, 0),
			    "run: figures that disagree");
	request.failures[8] = 0;
	request.counts[8] = 1;
	assert_string_equal(fuzz__complaint(&request, 0),
			    "run: figures that disagree");
	request.cmd = KMB_IOC_FOOTPRINT;
	memset(&request.body, 0, sizeof(request.body));
	request.body.footprint.held = 1;
	assert_string_equal(fuzz__complaint(&request, 0),
			    "footprint: figures that disagree");
	request.cmd = KMB_IOC_WALK;
	memset(&request.body, 0, sizeof(request.body));
	assert_null(fuzz__complaint(&request, 0));
	request.body.walk.loads = 1;
	assert_string_equal(fuzz__complaint(&request, 0), "walk: figures that disagree");
	request.cmd = KMB_IOC_TOUCH;
	memset(&request.body, 0, sizeof(request.body));
	assert_null(fuzz__complaint(&request, 0));
	request.body.touch.model.answers = 1;
	assert_string_equal(fuzz__complaint(&request, 0), "touch: an answer of no model");
}

/* Two pages, one run of frames; then two of them. */
static void lent_frames_that_disagree_are_reported(void **state)
{
	struct kmb_lend *lend = &request.body.lend;

	(void)state;
	request.cmd = KMB_IOC_LEND;
	lend->bytes = 2 * 4096;
	assert_null(fuzz__complaint(&request, 0));
	lend->is_mapped = 1;
	assert_string_equal(fuzz__complaint(&request, 0), "lend: figures that disagree");
	lend->mapped.pages[KMB_PAGE_2M] = 2;
	lend->mapped.runs = 1;
	lend->frames = (uintptr_t)request.counts;
	request.counts[0] = 7;
	request.counts[1] = 8;
	assert_null(fuzz__complaint(&request, 0));
	request.counts[1] = 9;
	assert_string_equal(fuzz__complaint(&request, 0), "lend: figures that disagree");
	assert_non_null(fuzz__complaint(&request, -EPERM));
}

/* Three blocks of five are broken, and two more; then one figure is another. */
static void levels_that_disagree_are_reported(void **state)
{
	static const size_t figures[] = {
		offsetof(struct kmb_frag, least), offsetof(struct kmb_frag, held),
		offsetof(struct kmb_frag, broken), offsetof(struct kmb_frag, index),
		offsetof(struct kmb_frag, before.index), offsetof(struct kmb_frag, flags),
	};
	const struct kmb_frag good = {
		.index = 500000, .after.index = 510000, .before.index = 1, .least = 1,
		.most = 900000, .taken = 5, .broken = 3, .added = 2, .held = 5,
	};
	size_t i;

	(void)state;
	request.cmd = KMB_IOC_FRAG;
	request.body.frag = good;
	assert_null(fuzz__complaint(&request, 0));
	for (i = 0; i < 6; i++) {
		request.body.frag = good;
		request.body.bytes[figures[i] + 2] ^= 1;
		request.body.bytes[figures[i]] ^= KMB_FRAG_CHECK;
		assert_string_equal(fuzz__complaint(&request, 0), "frag: figures that disagree");
	}
	assert_string_equal(fuzz__complaint(&request, -EINTR),
			    "frag: memory that is held after an error");
}

/* Of a file that is none of the module's: it can be mapped anyhow, and grow. */
static void mapping_of_other_memory_is_reported(void **state)
{
	struct fuzz_random random = { 7 };
	const char *complaint = NULL;
	int i, fd = memfd_create("other", 0), reported = 0, mapped = 0;

	(void)state;
	assert_int_equal(ftruncate(fd, 16 << 20), 0);
	for (i = 0; i < 100; i++) {
		mapped += !fuzz__map(fd, &random, &complaint);
		reported += !!complaint;
	}
	close(fd);
	assert_int_equal(mapped, 100);
	assert_in_range(reported, 10, 90);
}

static bool is_safe(uint64_t address, const void *room)
{
	return address == (uintptr_t)room || address < FUZZ_FIRST_PAGE ||
	       address >= FUZZ_USER_END;
}

/* Whatever is spoiled of them; and some are. */
static void module_is_told_no_address_of_other_memory(void **state)
{
	struct fuzz_random random = { 9 };
	int i, safe = 0, asked = 0, spoiled = 0;

	(void)state;
	for (i = 0; i < 100000; i++) {
		const struct kmb_run *run = &request.body.run;

		fuzz__request(&request, &random, &offer);
		if (request.cmd != KMB_IOC_RUN)
			continue;
		asked++;
		safe += is_safe(run->histogram, request.counts) &&
			is_safe(run->failures, request.failures);
		spoiled += run->histogram && run->histogram != (uintptr_t)request.counts;
	}
	assert_int_equal(safe, asked);
	assert_in_range(spoiled, 100, asked / 2);
}

static void answer_that_nobody_promised_is_reported(void **state)
{
	(void)state;
	answer_run();
	assert_non_null(fuzz__complaint(&request, -EPERM));
	assert_non_null(fuzz__complaint(&request, -EIO));
	request.cmd = 1;
	assert_non_null(fuzz__complaint(&request, 0));
}

static void address_that_is_bad_must_be_refused(void **state)
{
	(void)state;
	request.cmd = KMB_IOC_GET_INFO;
	request.fault = true;
	assert_non_null(fuzz__complaint(&request, 0));
	assert_null(fuzz__complaint(&request, -EFAULT));
}

static void file_without_a_hello_must_be_refused(void **state)
{
	(void)state;
	answer_run();
	request.deaf = true;
	assert_non_null(fuzz__complaint(&request, 0));
	assert_null(fuzz__complaint(&request, -EPROTO));
}

static void seed_decides_the_requests(void **state)
{
	struct fuzz_random one = { 7 }, same = { 7 }, other = { 8 };
	static struct fuzz_request again;
	int i, differ = 0;

	(void)state;
	for (i = 0; i < 1000; i++) {
		fuzz__request(&request, &one, &offer);
		fuzz__request(&again, &same, &offer);
		again.body.run.histogram = request.body.run.histogram;
		again.body.run.failures = request.body.run.failures;
		if (request.cmd == KMB_IOC_LEND)
			again.body.lend.frames = request.body.lend.frames;
		if (request.cmd == KMB_IOC_LOOK)
			again.body.look.start = request.body.look.start;
		assert_int_equal(request.cmd, again.cmd);
		assert_memory_equal(&request.body, &again.body, FUZZ_ROOM);
		fuzz__request(&again, &other, &offer);
		differ += !!memcmp(&request.body, &again.body, FUZZ_ROOM);
	}
	assert_in_range(differ, 900, 1000);
}

static void runs_that_last_are_rare_and_not_of_the_late(void **state)
{
	struct fuzz_random random = { 7 };
	int i, lasting = 0;

	(void)state;
	for (i = 0; i < 100000; i++) {
		fuzz__request(&request, &random, &offer);
		if (request.cmd != KMB_IOC_RUN ||
		    request.body.run.iterations != FUZZ_LONG)
			continue;
		lasting++;
		assert_false(request.body.run.scenario == offer.late &&
			     !request.body.run.flags);
	}
	assert_in_range(lasting, 10, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good_answers_are_believed, set_up),
		cmocka_unit_test_setup(error_without_why_is_reported, set_up),
		cmocka_unit_test_setup(look_that_misses_a_page_is_reported, set_up),
		cmocka_unit_test_setup(why_without_an_end_is_reported, set_up),
		cmocka_unit_test_setup(figures_that_disagree_are_reported, set_up),
		cmocka_unit_test_setup(lent_frames_that_disagree_are_reported, set_up),
		cmocka_unit_test_setup(levels_that_disagree_are_reported, set_up),
		cmocka_unit_test_setup(mapping_of_other_memory_is_reported, set_up),
		cmocka_unit_test_setup(answer_that_nobody_promised_is_reported,
				       set_up),
		cmocka_unit_test_setup(address_that_is_bad_must_be_refused,
				       set_up),
		cmocka_unit_test_setup(file_without_a_hello_must_be_refused,
				       set_up),
		cmocka_unit_test_setup(seed_decides_the_requests, set_up),
		cmocka_unit_test_setup(module_is_told_no_address_of_other_memory,
				       set_up),
		cmocka_unit_test_setup(runs_that_last_are_rare_and_not_of_the_late,
				       set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

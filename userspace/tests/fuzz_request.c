// SPDX-License-Identifier: GPL-2.0
/*
 * What to ask next: a number that is an ioctl, or none; an argument that is
 * noise, or good, or good but for one word of it. Good ones are small.
 */
#include <stddef.h>
#include <string.h>

#include "fuzz.h"

#define NR(_array)	(sizeof(_array) / sizeof((_array)[0]))

/**
 * fuzz__random() - the next number (splitmix64)
 * @random: the sequence.
 *
 * Return: any.
 */
uint64_t fuzz__random(struct fuzz_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/**
 * fuzz__below() - a number below a limit
 * @random: the sequence.
 * @limit: at least 1.
 *
 * Return: 0 to @limit - 1.
 */
uint32_t fuzz__below(struct fuzz_random *random, uint32_t limit)
{
	return fuzz__random(random) % limit;
}

/* Values at which comparisons go wrong. */
static uint64_t edge(struct fuzz_random *random)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 63, 64, 89, 90, 91, 100, 255, 256, 4095, 4096, 4097,
		8192, 8193, 1U << 20, 1000001, 4U << 20, (4U << 20) + 1,
		INT32_MAX, 1ULL << 31, UINT32_MAX, 1ULL << 32, INT64_MAX,
		1ULL << 63, UINT64_MAX - 1, UINT64_MAX,
	};

	return edges[fuzz__below(random, NR(edges))];
}

static uint32_t any_command(struct fuzz_random *random)
{
	static const uint32_t known[] = {
		KMB_IOC_HELLO, KMB_IOC_GET_INFO, KMB_IOC_GET_ROW, KMB_IOC_RUN,
		KMB_IOC_RUN, KMB_IOC_RUN, KMB_IOC_RUN, KMB_IOC_FOOTPRINT,
		KMB_IOC_WALK, KMB_IOC_TOUCH, KMB_IOC_LEND, KMB_IOC_LEND,
		KMB_IOC_FRAG, KMB_IOC_LOOK,
	};
	uint32_t cmd = known[fuzz__below(random, NR(known))];

	switch (fuzz__below(random, 32)) {
	case 0:
		return fuzz__random(random);
	case 1:
		return _IOC(fuzz__below(random, 4), KMB_IOC_MAGIC,
			    fuzz__below(random, 256), fuzz__below(random, 4096));
	case 2:
		return cmd ^ 1U << fuzz__below(random, 32);
	default:
		return cmd;
	}
}

static void fill_noise(struct fuzz_request *request, struct fuzz_random *random)
{
	uint64_t words[FUZZ_ROOM / sizeof(uint64_t)];
	size_t i;

	for (i = 0; i < FUZZ_ROOM / sizeof(uint64_t); i++)
		words[i] = fuzz__below(random, 4) ? fuzz__random(random) :
						    edge(random);
	memcpy(request->body.bytes, words, FUZZ_ROOM);
}

/* An RCU callback takes a grace period, so that most are left out. */
static uint32_t any_context(struct fuzz_random *random,
			    const struct fuzz_offer *offer)
{
	uint32_t last = offer->info.nr_rows[KMB_TABLE_CONTEXT] - 1;

	return fuzz__below(random, fuzz__below(random, 8) ? last : last + 1);
}

static uint64_t any_size(struct fuzz_random *random,
			 const struct fuzz_offer *offer)
{
	uint32_t bits = fuzz__below(random, 14);

	if (!fuzz__below(random, 8))
		return 1 + fuzz__below(random, offer->info.max_size);
	return 1 + fuzz__below(random, 1U << bits);
}

/* More than may be held, in a scenario that frees late. */
static void ask_too_much(struct kmb_run *run, const struct fuzz_offer *offer)
{
	run->iterations = 64;
	run->size = offer->info.max_size;
	run->share = 1;
}

/* More than is done between two signals, in the first context: that of a task. */
static void ask_for_long(struct kmb_run *run)
{
	run->iterations = FUZZ_LONG;
	run->context = 0;
	run->size = 64;
	run->flags = 0;
}

/*
 * Measuring does; a request that is only checked, not. After one that frees late
 * the next one waits for seconds.
 */
static bool takes_long(const struct kmb_run *run, const struct fuzz_offer *offer)
{
	return run->scenario == offer->late;
}

static void fill_run(struct fuzz_request *request, struct fuzz_random *random,
		     const struct fuzz_offer *offer)
{
	struct kmb_run *run = &request->body.run;

	run->scenario = fuzz__below(random, offer->info.nr_rows[KMB_TABLE_SCENARIO]);
	run->context = any_context(random, offer);
	run->gfp = fuzz__below(random, offer->info.nr_rows[KMB_TABLE_GFP]);
	if (!fuzz__below(random, 2))
		run->cpus = fuzz__below(random, offer->info.nr_rows[KMB_TABLE_CPUS]);
	run->iterations = 1 + fuzz__below(random, 12);
	run->warmup = fuzz__below(random, 4);
	run->size = any_size(random, offer);
	run->share = 1 + fuzz__below(random, 90);
	if (!fuzz__below(random, 16))
		ask_too_much(run, offer);
	if (fuzz__below(random, takes_long(run, offer) ? 512 : 8))
		run->flags = KMB_RUN_CHECK;
	else if (!fuzz__below(random, 32) && !takes_long(run, offer))
		ask_for_long(run);
	if (fuzz__below(random, 2))
		run->histogram = (uintptr_t)request->counts;
	if (fuzz__below(random, 2))
		run->failures = (uintptr_t)request->failures;
}

static void fill_footprint(struct fuzz_request *request,
			   struct fuzz_random *random,
			   const struct fuzz_offer *offer)
{
	struct kmb_footprint *footprint = &request->body.footprint;

	footprint->gfp = fuzz__below(random, offer->info.nr_rows[KMB_TABLE_GFP]);
	footprint->objects = 1 + fuzz__below(random, 32);
	footprint->size = any_size(random, offer);
	footprint->flags = fuzz__below(random, 2) ? KMB_FOOTPRINT_FILL : 0;
	footprint->share = 1 + fuzz__below(random, 90);
}

static void fill_walk(struct fuzz_request *request, struct fuzz_random *random,
		      const struct fuzz_offer *offer)
{
	struct kmb_walk *walk = &request->body.walk;

	walk->kind = fuzz__below(random, offer->info.nr_rows[KMB_TABLE_KIND]);
	walk->pattern = fuzz__below(random, offer->info.nr_rows[KMB_TABLE_PATTERN]);
	walk->bytes = (1 + fuzz__below(random, 1U << fuzz__below(random, 10))) * 4096ULL;
	walk->passes = 1 + fuzz__below(random, 4);
	walk->warmup = fuzz__below(random, 3);
	walk->share = 1 + fuzz__below(random, 90);
	walk->seed = fuzz__random(random);
	walk->flags = fuzz__below(random, KMB_WALK_FLAGS + 1);
}

static void fill_lend(struct fuzz_request *request, struct fuzz_random *random,
		      const struct fuzz_offer *offer)
{
	struct kmb_lend *lend = &request->body.lend;

	lend->kind = fuzz__below(random, offer->info.nr_rows[KMB_TABLE_KIND]);
	lend->share = 1 + fuzz__below(random, 90);
	/* At most FUZZ_LENT_PAGES. */
	lend->bytes = 4096ULL << fuzz__below(random, 11);
	if (fuzz__below(random, 2))
		lend->frames = (uintptr_t)request->counts;
}

/* Most are only checked: what is reached stays until the file is closed. */
static void fill_frag(struct fuzz_request *request, struct fuzz_random *random,
		      const struct fuzz_offer *offer)
{
	struct kmb_frag *frag = &request->body.frag;

	frag->order = 1 + fuzz__below(random, 10);
	frag->index = fuzz__below(random, KMB_FRAG_ONE + 1);
	frag->spread = fuzz__below(random, offer->info.nr_rows[KMB_TABLE_SPREAD]);
	frag->share = 1 + fuzz__below(random, fuzz__below(random, 16) ? 4 : 90);
	if (fuzz__below(random, 4))
		frag->flags = KMB_FRAG_CHECK;
	frag->seed = fuzz__random(random);
	if (!fuzz__below(random, 4))
		frag->reserve = 1ULL << fuzz__below(random, 40);
}

/* Of memory that is there, or of the page after it, which need not be. */
static void fill_look(struct fuzz_request *request, struct fuzz_random *random)
{
	uintptr_t room = (uintptr_t)request->counts;

	request->body.look.start = (room + 4095) & ~4095ULL;
	request->body.look.bytes = 4096ULL << fuzz__below(random, 3);
}

static void fill_good(struct fuzz_request *request, struct fuzz_random *random,
		      const struct fuzz_offer *offer)
{
	memset(request->body.bytes, 0, FUZZ_ROOM);
	switch (request->cmd) {
	case KMB_IOC_HELLO:
		request->body.hello.abi_version = KMB_ABI_VERSION;
		break;
	case KMB_IOC_GET_ROW:
		request->body.row.table = fuzz__below(random, KMB_NR_TABLES);
		request->body.row.index = fuzz__below(random,
			offer->info.nr_rows[request->body.row.table]);
		break;
	case KMB_IOC_RUN:
		fill_run(request, random, offer);
		break;
	case KMB_IOC_FOOTPRINT:
		fill_footprint(request, random, offer);
		break;
	case KMB_IOC_WALK:
		fill_walk(request, random, offer);
		break;
	case KMB_IOC_TOUCH:
		request->body.touch.size = any_size(random, offer);
		break;
	case KMB_IOC_LEND:
		fill_lend(request, random, offer);
		break;
	case KMB_IOC_FRAG:
		fill_frag(request, random, offer);
		break;
	case KMB_IOC_LOOK:
		fill_look(request, random);
		break;
	}
}

/* A word of it, most often one that the module reads. */
static void spoil(struct fuzz_request *request, struct fuzz_random *random)
{
	size_t at = fuzz__below(random, fuzz__below(random, 4) ? 8 : 64);
	uint64_t value = fuzz__below(random, 2) ? edge(random) :
						  fuzz__random(random);

	memcpy(request->body.bytes + at * sizeof(value), &value,
	       fuzz__below(random, 2) ? sizeof(value) : sizeof(value) / 2);
}

/* There is room for the frames of so many pages. */
static void keep_lend_small(struct kmb_lend *lend)
{
	if (lend->bytes > 4 << 20 && lend->bytes <= 1 << 30)
		lend->bytes &= (4 << 20) - 1;
}

static void keep_walk_small(struct kmb_walk *walk)
{
	if (walk->bytes > 4 << 20 && walk->bytes <= 1 << 30)
		walk->bytes &= (4 << 20) - 1;
	if (walk->passes > 64 && walk->passes <= 1 << 20)
		walk->passes &= 63;
	if (walk->warmup > 64 && walk->warmup <= 1 << 20)
		walk->warmup &= 63;
}

/*
 * The module writes where it is told to: with half of an address spoiled, that may well
 * be a stack or an arena of malloc(). The first page of a process is never mapped.
 */
static void keep_off_own_memory(__u64 *address, const void *room)
{
	if (*address != (uintptr_t)room && *address < FUZZ_USER_END)
		*address &= FUZZ_FIRST_PAGE - 1;
}

static void keep_addresses_safe(struct fuzz_request *request)
{
	struct kmb_run *run = &request->body.run;

	if (request->cmd == KMB_IOC_LEND)
		keep_off_own_memory(&request->body.lend.frames, request->counts);
	if (request->cmd != KMB_IOC_RUN)
		return;
	keep_off_own_memory(&run->histogram, request->counts);
	keep_off_own_memory(&run->failures, request->failures);
}

/* No run of a million operations, which take as long as all the others. */
static void keep_small(struct fuzz_request *request)
{
	struct kmb_run *run = &request->body.run;

	if (request->cmd == KMB_IOC_WALK)
		keep_walk_small(&request->body.walk);
	if (request->cmd == KMB_IOC_LEND)
		keep_lend_small(&request->body.lend);
	if (request->cmd != KMB_IOC_RUN)
		return;
	if (run->iterations > 64 && run->iterations <= 1000000 &&
	    run->iterations != FUZZ_LONG)
		run->iterations &= 63;
	if (run->warmup > 64 && run->warmup <= 1000000)
		run->warmup &= 63;
}

/**
 * fuzz__request() - what to ask next
 * @request: receives it.
 * @random: the sequence.
 * @offer: what the module offers.
 */
void fuzz__request(struct fuzz_request *request, struct fuzz_random *random,
		   const struct fuzz_offer *offer)
{
	uint32_t way = fuzz__below(random, 8);

	request->cmd = any_command(random);
	request->fault = !fuzz__below(random, 32);
	request->deaf = !fuzz__below(random, 16);
	memset(request->counts, 0, sizeof(request->counts));
	memset(request->failures, 0, sizeof(request->failures));
	if (!way)
		fill_noise(request, random);
	else
		fill_good(request, random, offer);
	if (way > 3)
		spoil(request, random);
	keep_small(request);
	keep_addresses_safe(request);
	if (request->deaf && request->cmd == KMB_IOC_HELLO &&
	    request->body.hello.abi_version == KMB_ABI_VERSION)
		request->body.hello.abi_version++;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Whether an answer of the module may be believed: an error is one that the
 * ABI names, says why where the ABI promises that, and figures agree.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define ERRORS_MAX	12

/* What each ioctl may answer, besides 0. */
static const struct {
	uint32_t cmd;
	const char *name;
	int errors[ERRORS_MAX];
} kinds[FUZZ_KINDS] = {
	{ KMB_IOC_HELLO, "hello", { EPROTO, EINVAL, EFAULT } },
	{ KMB_IOC_GET_INFO, "info", { EPROTO, EFAULT } },
	{ KMB_IOC_GET_ROW, "row", { EPROTO, EINVAL, EFAULT } },
	{ KMB_IOC_RUN, "run", { EPROTO, EINVAL, EFAULT, EOPNOTSUPP, ENOSPC,
				EINTR, EBUSY, ENOMEM, ENODEV } },
	{ KMB_IOC_FOOTPRINT, "footprint", { EPROTO, EINVAL, EFAULT, ENOSPC,
					    EINTR, EBUSY, ENOMEM } },
	{ KMB_IOC_WALK, "walk", { EPROTO, EINVAL, EFAULT, ENOSPC, EINTR, EBUSY,
				  ENOMEM } },
	{ KMB_IOC_TOUCH, "touch", { EPROTO, EINVAL, EFAULT, EOPNOTSUPP, EBUSY,
				    ENOMEM } },
	{ KMB_IOC_LEND, "lend", { EPROTO, EINVAL, EFAULT, ENOSPC, EINTR, EBUSY,
				  ENOMEM } },
	{ KMB_IOC_FRAG, "frag", { EPROTO, EINVAL, EFAULT, ENOSPC, EINTR, EBUSY,
				  ENOMEM, ERANGE, EOPNOTSUPP } },
	{ KMB_IOC_LOOK, "look", { EPROTO, EINVAL, EFAULT, ENOENT, EBUSY, EINTR } },
	{ 0, "none", { ENOTTY, EPROTO } },
};

/**
 * fuzz__kind() - which ioctl a number is
 * @cmd: the number.
 *
 * Return: below FUZZ_KINDS.
 */
int fuzz__kind(uint32_t cmd)
{
	int kind;

	for (kind = 0; kind < FUZZ_KINDS - 1; kind++)
		if (kinds[kind].cmd == cmd)
			break;
	return kind;
}

/**
 * fuzz__kind_name() - the name of an ioctl
 * @kind: of fuzz__kind().
 *
 * Return: a word.
 */
const char *fuzz__kind_name(int kind)
{
	return kinds[kind].name;
}

static bool may_answer(int kind, int err)
{
	size_t i;

	if (!err)
		return kind != FUZZ_KINDS - 1;
	for (i = 0; i < ERRORS_MAX; i++)
		if (err == -kinds[kind].errors[i])
			return true;
	return false;
}

static bool says_why(const char *why, int err)
{
	if (!memchr(why, '\0', KMB_TEXT_LEN))
		return false;
	return why[0] || (err != -EINVAL && err != -EOPNOTSUPP &&
			  err != -ENOSPC && err != -ERANGE && err != -ENOENT);
}

static bool run__agrees(const struct fuzz_request *request)
{
	const struct kmb_run *run = &request->body.run;
	uint64_t count = 0, failed = 0;
	size_t i;

	if (run->flags & KMB_RUN_CHECK)
		return true;
	if (run->failed.count + run->op.count !=
	    (uint64_t)run->iterations * run->samplers)
		return false;
	for (i = 0; i < KMB_HIST_BUCKETS; i++) {
		count += request->counts[i];
		failed += request->failures[i];
	}
	return (run->histogram != (uintptr_t)request->counts || count == run->op.count) &&
	       (run->failures != (uintptr_t)request->failures || failed == run->failed.count);
}

static bool footprint__agrees(const struct kmb_footprint *footprint)
{
	return footprint->held <= footprint->objects &&
	       footprint->blocks <= footprint->held &&
	       footprint->bytes >= footprint->held * footprint->size;
}

static const char *complaint_of_run(const struct fuzz_request *request, int err)
{
	if (!says_why(request->body.run.why, err))
		return "run: an error that does not say why";
	return err || run__agrees(request) ? NULL : "run: figures that disagree";
}

static const char *complaint_of_footprint(const struct fuzz_request *request,
					  int err)
{
	const struct kmb_footprint *footprint = &request->body.footprint;

	if (!says_why(footprint->why, err))
		return "footprint: an error that does not say why";
	return err || footprint__agrees(footprint) ? NULL :
						     "footprint: figures that disagree";
}

/* Who does not ask has no counts; who does has one, or the reason why not. */
static bool event__agrees(const struct kmb_count *event, bool asked)
{
	if (!asked || event->err)
		return !event->value && !event->enabled && !event->running &&
		       (asked ? event->err < 0 : !event->err);
	return event->running <= event->enabled;
}

static bool events__agree(const struct kmb_walk *walk)
{
	int i;

	for (i = 0; i < KMB_EVENTS; i++)
		if (!event__agrees(&walk->events[i], walk->flags & KMB_WALK_COUNT))
			return false;
	return true;
}

/* Each page is mapped by one of a size. */
static bool mapped__agrees(const struct kmb_mapped *mapped, uint64_t pages)
{
	uint64_t sum = 0;
	int size;

	for (size = 0; size < KMB_PAGE_SIZES; size++)
		sum += mapped->pages[size];
	return sum == pages && mapped->runs && mapped->runs <= pages;
}

static bool walk__agrees(const struct kmb_walk *walk)
{
	uint64_t pages = walk->bytes / 4096;

	if (walk->is_mapped && walk->flags & KMB_WALK_BLIND)
		return false;
	return walk->loads == walk->passes * pages && !walk->model.answers &&
	       events__agree(walk) &&
	       (!walk->is_mapped || mapped__agrees(&walk->mapped, pages));
}

static const char *complaint_of_walk(const struct fuzz_request *request, int err)
{
	if (!says_why(request->body.walk.why, err))
		return "walk: an error that does not say why";
	return err || walk__agrees(&request->body.walk) ? NULL :
							  "walk: figures that disagree";
}

static const char *complaint_of_touch(const struct fuzz_request *request, int err)
{
	const struct kmb_touch *touch = &request->body.touch;

	if (!says_why(touch->why, err))
		return "touch: an error that does not say why";
	return err || !touch->model.answers ? NULL : "touch: an answer of no model";
}

static uint64_t runs_of(const uint64_t *frames, uint64_t pages)
{
	uint64_t i, runs = 0;

	for (i = 0; i < pages; i++)
		runs += !i || frames[i] != frames[i - 1] + 1;
	return runs;
}

static bool lend__agrees(const struct fuzz_request *request)
{
	const struct kmb_lend *lend = &request->body.lend;
	uint64_t pages = lend->bytes / 4096;

	if (!lend->is_mapped)
		return true;
	if (!mapped__agrees(&lend->mapped, pages))
		return false;
	return lend->frames != (uintptr_t)request->counts ||
	       runs_of(request->counts, pages) == lend->mapped.runs;
}

static const char *complaint_of_lend(const struct fuzz_request *request, int err)
{
	if (!says_why(request->body.lend.why, err))
		return "lend: an error that does not say why";
	return err || lend__agrees(request) ? NULL : "lend: figures that disagree";
}

static bool is_reached(const struct kmb_frag *frag)
{
	int64_t off = (int64_t)frag->after.index - frag->index;

	return llabs(off) <= KMB_FRAG_TOLERANCE &&
	       frag->held == frag->broken + frag->added - frag->mended;
}

static bool frag__agrees(const struct kmb_frag *frag)
{
	if (frag->least != frag->before.index || frag->most < frag->least ||
	    frag->broken > frag->taken)
		return false;
	return frag->flags & KMB_FRAG_CHECK ? !frag->held : is_reached(frag);
}

static const char *complaint_of_frag(const struct fuzz_request *request, int err)
{
	const struct kmb_frag *frag = &request->body.frag;

	if (!says_why(frag->why, err))
		return "frag: an error that does not say why";
	/* One that was not even begun is as it was sent. */
	if (err)
		return frag->held && err != -EBUSY ? "frag: memory that is held after an error" :
						     NULL;
	return frag__agrees(frag) ? NULL : "frag: figures that disagree";
}

static const char *complaint_of_look(const struct fuzz_request *request, int err)
{
	const struct kmb_look *look = &request->body.look;

	if (!says_why(look->why, err))
		return "look: an error that does not say why";
	return err || mapped__agrees(&look->mapped, look->bytes / 4096) ?
		NULL : "look: figures that disagree";
}

/**
 * fuzz__complaint() - what is wrong with an answer
 * @request: what was asked, and the answer in it.
 * @err: 0, or the negative error.
 *
 * Return: a text, or NULL where nothing is.
 */
const char *fuzz__complaint(const struct fuzz_request *request, int err)
{
	int kind = fuzz__kind(request->cmd);

	if (!may_answer(kind, err))
		return "an answer that the ABI does not name";
	if (request->deaf && err != -EPROTO && request->cmd != KMB_IOC_HELLO)
		return "an answer without a hello";
	if (request->fault && kind != FUZZ_KINDS - 1 && err != -EFAULT &&
	    err != -EPROTO && err != -EBUSY)
		return "no EFAULT for a bad address";
	if (err == -EPROTO || request->fault)
		return NULL;
	if (request->cmd == KMB_IOC_RUN)
		return complaint_of_run(request, err);
	if (request->cmd == KMB_IOC_FOOTPRINT)
		return complaint_of_footprint(request, err);
	if (request->cmd == KMB_IOC_WALK)
		return complaint_of_walk(request, err);
	if (request->cmd == KMB_IOC_TOUCH)
		return complaint_of_touch(request, err);
	if (request->cmd == KMB_IOC_LEND)
		return complaint_of_lend(request, err);
	if (request->cmd == KMB_IOC_FRAG)
		return complaint_of_frag(request, err);
	if (request->cmd == KMB_IOC_LOOK)
		return complaint_of_look(request, err);
	return NULL;
}

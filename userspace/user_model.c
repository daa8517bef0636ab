// SPDX-License-Identifier: GPL-2.0
/*
 * Walks of a process under the model of a TLB, as module/walk.c has them in the kernel.
 *
 * A process does not know where its page tables are. The model does, of a walk that the
 * module did for the same process: a mailbox that does not tell stands for that one.
 * Without such a walk it finds no page, and what it says then is no answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user_model.h"
#include "user_walk.h"

/* What an interrupt loads and stores in between is counted as well: then once more, if anybody counts. */
#define TRIES	8

static struct kmb_tlb_mailbox *mailbox_new(const char *region)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct kmb_tlb_mailbox *mailbox = aligned_alloc(page, page);

	if (!mailbox)
		return NULL;
	memset(mailbox, 0, page);
	mailbox->magic = KMB_TLB_MAGIC;
	mailbox->version = KMB_TLB_VERSION;
	strncpy(mailbox->region, region, sizeof(mailbox->region) - 1);
	return mailbox;
}

static void report(const struct kmb_tlb_mailbox *mailbox, struct user_modelled *modelled)
{
	modelled->model.answers = mailbox->counts.unmapped ? 0 : mailbox->answers;
	modelled->model.levels = mailbox->levels;
	memcpy(modelled->model.geometry, mailbox->geometry, sizeof(mailbox->geometry));
	modelled->counts = mailbox->counts;
}

/**
 * user_model__walk() - walk while the model counts
 * @start: a line of a walk that was laid by user_walk__lay().
 * @told: how often.
 * @modelled: receives what it says; no answer where there is no model.
 *
 * Return: 0, or -ENOMEM.
 */
int user_model__walk(void **start, const struct user_told *told,
		     struct user_modelled *modelled)
{
	struct kmb_tlb_mailbox *mailbox = mailbox_new(told->region);
	int try;

	if (!mailbox)
		return -ENOMEM;
	for (try = 0; try < TRIES; try++) {
		start = user_walk__tell(start, told->warmup, told->loads, mailbox);
		if (!mailbox->answers ||
		    (mailbox->counts.loads == told->loads && !mailbox->counts.stores))
			break;
	}
	report(mailbox, modelled);
	free(mailbox);
	return 0;
}

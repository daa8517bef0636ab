// SPDX-License-Identifier: GPL-2.0
/*
 * A mailbox for the model of the TLB: a page that it finds by the load behind a
 * marker, and writes into from outside of this machine.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/string.h>

#include "mailbox.h"
#include "own.h"
#include "uapi/kmbench_tlb.h"

/**
 * kmb_mailbox_new() - make a mailbox
 *
 * The model walks the page tables that this processor uses right now.
 *
 * Return: the mailbox, to be freed by kmb_mailbox_free(); NULL: no memory.
 */
struct kmb_tlb_mailbox *kmb_mailbox_new(void)
{
	struct kmb_tlb_mailbox *mailbox = kmb_own_alloc(sizeof(*mailbox));

	if (!mailbox)
		return NULL;
	mailbox->magic = KMB_TLB_MAGIC;
	mailbox->version = KMB_TLB_VERSION;
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
	mailbox->root = __read_cr3() & CR3_ADDR_MASK;
	mailbox->paging_levels = pgtable_l5_enabled() ? 5 : 4;
#endif
	return mailbox;
}

/**
 * kmb_mailbox_report() - say which model answered
 * @mailbox: of kmb_mailbox_new().
 * @model: receives it.
 */
void kmb_mailbox_report(const struct kmb_tlb_mailbox *mailbox, struct kmb_model *model)
{
	model->answers = READ_ONCE(mailbox->answers);
	model->levels = mailbox->levels;
	memcpy(model->geometry, mailbox->geometry, sizeof(model->geometry));
}

/**
 * kmb_mailbox_free() - give it back
 * @mailbox: of kmb_mailbox_new().
 */
void kmb_mailbox_free(struct kmb_tlb_mailbox *mailbox)
{
	kmb_own_free(mailbox, sizeof(*mailbox));
}

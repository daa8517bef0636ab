/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mailbox for the model of the TLB, see uapi/kmbench_tlb.h.
 */
#ifndef _KMBENCH_MAILBOX_H
#define _KMBENCH_MAILBOX_H

#include "uapi/kmbench.h"

struct kmb_tlb_mailbox *kmb_mailbox_new(void);
void kmb_mailbox_report(const struct kmb_tlb_mailbox *mailbox, struct kmb_model *model);
void kmb_mailbox_free(struct kmb_tlb_mailbox *mailbox);

#endif /* _KMBENCH_MAILBOX_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of a kind that is lent to a process.
 */
#ifndef _KMBENCH_LOAN_H
#define _KMBENCH_LOAN_H

#include <linux/kref.h>

#include "buffer.h"
#include "uapi/kmbench.h"

struct vm_area_struct;

/**
 * struct kmb_loan - such memory
 * @users: the file that it waits in, then the VMAs that map it.
 * @buffer: the memory.
 */
struct kmb_loan {
	struct kref users;
	struct kmb_buffer buffer;
};

int kmb_loan_make(struct kmb_loan **waiting, struct kmb_lend *lend);
int kmb_loan_mmap(struct kmb_loan **waiting, struct vm_area_struct *vma);
void kmb_loan_drop(struct kmb_loan **waiting);

#endif /* _KMBENCH_LOAN_H */

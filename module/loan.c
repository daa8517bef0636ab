// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a kind that is lent to a process: allocated by an ioctl, mapped by the
 * next mmap() of the same file, given back when the last mapping of it is gone.
 *
 * Pages of the slab allocator have no reference count that a process could hold, so
 * the loan is counted instead: once for the file that it waits in, or for each VMA.
 * Entries of page tables are special, and nobody gets at the page behind them.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "buffer.h"
#include "compat.h"
#include "loan.h"
#include "mapping.h"
#include "refuse.h"
#include "tlb.h"

static void loan_release(struct kref *users)
{
	struct kmb_loan *loan = container_of(users, struct kmb_loan, users);

	kmb_buffer_free(&loan->buffer);
	kfree(loan);
}

static void loan_put(struct kmb_loan *loan)
{
	if (loan)
		kref_put(&loan->users, loan_release);
}

static void loan_open(struct vm_area_struct *vma)
{
	struct kmb_loan *loan = vma->vm_private_data;

	kref_get(&loan->users);
}

static void loan_close(struct vm_area_struct *vma)
{
	loan_put(vma->vm_private_data);
}

static unsigned long frame_of(const void *page)
{
	return is_vmalloc_addr(page) ? vmalloc_to_pfn(page) :
				       page_to_pfn(virt_to_page(page));
}

static vm_fault_t loan_fault(struct vm_fault *vmf)
{
	const struct kmb_loan *loan = vmf->vma->vm_private_data;

	if (vmf->pgoff >= loan->buffer.nr_pages)
		return VM_FAULT_SIGBUS;
	return kmb_insert_mixed(vmf->vma, vmf->address,
				frame_of(kmb_buffer_page(&loan->buffer, vmf->pgoff)));
}

/* Split by a partial munmap(), or moved, a VMA is opened and closed once more. */
static const struct vm_operations_struct loan_ops = {
	.open = loan_open,
	.close = loan_close,
	.fault = loan_fault,
};

/* Nothing that the kernel had there before may be seen. */
static void number_pages(const struct kmb_buffer *buffer)
{
	unsigned long i;
	u64 *page;

	for (i = 0; i < buffer->nr_pages; i++) {
		page = kmb_buffer_page(buffer, i);
		memset(page, 0, PAGE_SIZE);
		*page = i;
		cond_resched();
	}
}

static int tell_frames(struct kmb_lend *lend, const struct kmb_buffer *buffer)
{
	u64 __user *frames = u64_to_user_ptr(lend->frames);
	unsigned long i;

	for (i = 0; frames && i < buffer->nr_pages; i++) {
		if (put_user((u64)kmb_mapping_frame(kmb_buffer_page(buffer, i)), frames + i))
			return kmb_refuse(lend->why, -EFAULT, "frames %#llx: cannot be written",
					  lend->frames);
		cond_resched();
	}
	return 0;
}

static int check_lend(struct kmb_lend *lend)
{
	const struct kmb_range ranges[] = {
		{ "kind", lend->kind, 0, kmb_kinds() - 1 },
		{ "pad", lend->pad, 0, 0 },
	};
	int err;

	/* Two mappings that differ; an entry that nobody takes for a counted page. */
	if (kmb_dcache_is_aliasing() || !IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))
		return kmb_refuse(lend->why, -EOPNOTSUPP,
				  "kernel memory cannot be mapped on this architecture");
	err = kmb_refuse_ranges(lend->why, ranges, ARRAY_SIZE(ranges));
	if (!err)
		err = kmb_refuse_bytes(lend->why, lend->kind, lend->bytes);
	return err ? err : kmb_refuse_share(lend->why, lend->share, lend->bytes);
}

static int loan_new(struct kmb_loan **result, struct kmb_lend *lend)
{
	struct kmb_loan *loan = kzalloc(sizeof(*loan), GFP_KERNEL);
	int err;

	if (!loan)
		return -ENOMEM;
	kref_init(&loan->users);
	err = kmb_buffer_init(&loan->buffer, lend->kind, lend->bytes);
	if (err)
		goto free_loan;
	number_pages(&loan->buffer);
	lend->is_mapped = kmb_mapping_read(&loan->buffer, &lend->mapped);
	err = tell_frames(lend, &loan->buffer);
	if (err)
		goto free_buffer;
	*result = loan;
	return 0;
free_buffer:
	kmb_buffer_free(&loan->buffer);
free_loan:
	kfree(loan);
	return err;
}

/* What waited there before goes back. */
static void wait_in(struct kmb_loan **waiting, struct kmb_loan *loan)
{
	loan_put(xchg(waiting, loan));
}

/**
 * kmb_loan_make() - allocate memory for the next mmap()
 * @waiting: where it waits; what waited there is given back, unless the request is
 *	refused.
 * @lend: the (in) fields as they came from the tool; the rest is filled in.
 *
 * Return: 0; or a negative error, see struct kmb_lend.
 */
int kmb_loan_make(struct kmb_loan **waiting, struct kmb_lend *lend)
{
	struct kmb_loan *loan;
	int err;

	lend->is_mapped = 0;
	memset(&lend->mapped, 0, sizeof(lend->mapped));
	err = check_lend(lend);
	if (err)
		return err;
	kmb_loan_drop(waiting);
	err = loan_new(&loan, lend);
	if (!err)
		wait_in(waiting, loan);
	return err;
}

/**
 * kmb_loan_mmap() - map what waits
 * @waiting: where; it waits no more, the VMA has it.
 * @vma: all of it, to be shared.
 *
 * Return: 0; -ENXIO: nothing waits; -EINVAL: another length or offset, or a private
 * mapping, whose copies would be of other memory. It then waits as before.
 */
int kmb_loan_mmap(struct kmb_loan **waiting, struct vm_area_struct *vma)
{
	struct kmb_loan *loan = xchg(waiting, NULL);

	if (!loan)
		return -ENXIO;
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_pgoff ||
	    vma_pages(vma) != loan->buffer.nr_pages) {
		wait_in(waiting, loan);
		return -EINVAL;
	}
	/* No pfn map: of such, /proc/PID/pagemap shows no frame. */
	kmb_vm_flags_set(vma, VM_MIXEDMAP | VM_IO | VM_DONTEXPAND | VM_DONTCOPY | VM_DONTDUMP);
	vma->vm_private_data = loan;
	vma->vm_ops = &loan_ops;
	return 0;
}

/**
 * kmb_loan_drop() - give back what waits
 * @waiting: where, if anything does.
 */
void kmb_loan_drop(struct kmb_loan **waiting)
{
	wait_in(waiting, NULL);
}

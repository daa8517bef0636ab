// SPDX-License-Identifier: GPL-2.0
/*
 * Breaks up the large pages of the direct map, as a driver does that wants another
 * memory type for one page: what is contiguous stays so, but is mapped by 4 KiB. The
 * control of walks over kmalloc(), which it takes what contiguity is worth.
 *
 * All free blocks of the largest size are held at once, so that none is left out.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <asm/set_memory.h>

/* Of 4 MiB; one more does not exist everywhere. */
#define ORDER	10

static int split(unsigned long address)
{
	int err = set_memory_wc(address, 1);

	return err ?: set_memory_wb(address, 1);
}

static int split_block(unsigned long block)
{
	unsigned long at;
	int err = 0;

	for (at = block; !err && at < block + (PAGE_SIZE << ORDER); at += SZ_2M)
		err = split(at);
	return err;
}

static int __init split_map_init(void)
{
	unsigned int count = 0;
	struct page *page, *next;
	LIST_HEAD(held);
	int err = 0;

	while ((page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, ORDER)))
		list_add(&page->lru, &held);
	list_for_each_entry_safe(page, next, &held, lru) {
		if (!err)
			err = split_block((unsigned long)page_address(page));
		count++;
		__free_pages(page, ORDER);
	}
	pr_info("split_map: %u blocks, error %d\n", count, err);
	return err;
}
module_init(split_map_init);

static void __exit split_map_exit(void)
{
}
module_exit(split_map_exit);

MODULE_DESCRIPTION("Breaks up the direct map");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * What memory the allocator itself touches: accesses and TLB misses of one
 * kmalloc() and one kfree(), with an empty TLB and with what it holds afterwards.
 */
#include <string.h>

#include "tlb_json.h"
#include "tlb_touches.h"

static json_t *pairs(const struct kmb_touch *touch, const struct kmb_tlb_counts *counts)
{
	static const char * const names[KMB_TOUCH_PAIRS] = {
		[KMB_TOUCH_EMPTY] = "cold", [KMB_TOUCH_WARM] = "warm",
	};
	json_t *all = json_object();
	int i;

	for (i = 0; i < KMB_TOUCH_PAIRS; i++)
		json_object_set_new(all, names[i],
				    tlb_json__counts(&touch->model, &counts[i]));
	return all;
}

static json_t *unavailable(const struct kmb_touch *touch, int err)
{
	if (!err)
		return json_null();
	return json_string(touch->why[0] ? touch->why : strerror(-err));
}

static json_t *touch_size(const struct device *device, uint64_t size)
{
	struct kmb_touch touch = { .size = size };
	int err = device__touch(device, &touch);

	return json_pack("{s:I, s:o, s:o, s:o}", "size", (json_int_t)size,
			 "unavailable", unavailable(&touch, err),
			 "kmalloc", pairs(&touch, touch.alloc),
			 "kfree", pairs(&touch, touch.free));
}

/**
 * tlb_touches__json() - look at each size, and report
 * @device: a loaded device.
 *
 * Return: an array with an object a size, the caller's; NULL: no memory.
 */
json_t *tlb_touches__json(const struct device *device)
{
	uint32_t i, nr = device->info.nr_rows[KMB_TABLE_SIZE];
	json_t *all = json_array();
	uint64_t size;

	for (i = 0; i < nr; i++) {
		size = device->rows[KMB_TABLE_SIZE][i].value;
		if (size > device->info.max_size ||
		    !json_array_append_new(all, touch_size(device, size)))
			continue;
		json_decref(all);
		return NULL;
	}
	return all;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What memory the allocator itself touches.
 */
#ifndef _KMBENCH_TOUCH_H
#define _KMBENCH_TOUCH_H

struct kmb_touch;

int kmb_touch_run(struct kmb_touch *touch);

#endif /* _KMBENCH_TOUCH_H */

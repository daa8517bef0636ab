/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A task of real-time priority that sleeps: whoever offers the CPU after it was
 * woken loses it, which is seen where preemption is not counted.
 */
#ifndef _KMBENCH_RIVAL_H
#define _KMBENCH_RIVAL_H

int kmb_rival_start(void);
void kmb_rival_stop(void);
void kmb_rival_wake(void);

#endif /* _KMBENCH_RIVAL_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this process tells the scheduler and the OOM killer of itself.
 */
#ifndef KMBENCH_OWN_PROCESS_H
#define KMBENCH_OWN_PROCESS_H

int own_process__stay(void);
int own_process__dies_first(void);

#endif /* KMBENCH_OWN_PROCESS_H */

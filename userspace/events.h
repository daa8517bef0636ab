/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel did meanwhile, by its own counters: why it took so long.
 */
#ifndef KMBENCH_EVENTS_H
#define KMBENCH_EVENTS_H

#include "counters.h"

#define EVENTS_NR	16

/**
 * struct events - the counters at one moment, or what came between two
 * @values: in the order of events__name().
 */
struct events {
	struct counter_value values[EVENTS_NR];
};

const char *events__name(unsigned int i);
void events__read(struct events *events, const char *root, uint64_t size,
		  uint32_t cpu);
void events__add_since(struct events *sum, const struct events *before,
		       const struct events *after);

#endif /* KMBENCH_EVENTS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of the kernel's perf events.
 */
#ifndef KMBENCH_COUNTERS_H
#define KMBENCH_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#define COUNTERS_NR	4
#define COUNTER_WHY_LEN	160

/**
 * struct counter_value - what a counter counted, or why it did not
 * @known: whether @value means anything.
 * @value: events; only where @known.
 * @why: one line, empty where @known.
 */
struct counter_value {
	bool known;
	uint64_t value;
	char why[COUNTER_WHY_LEN];
};

/**
 * enum counters_side - in which mode of the CPU events count
 * @COUNTERS_USER: in that of programs.
 * @COUNTERS_KERNEL: in the kernel's.
 * @COUNTERS_SIDES: how many there are; in any, for counters__new_of().
 */
enum counters_side {
	COUNTERS_USER,
	COUNTERS_KERNEL,
	COUNTERS_SIDES,
};

struct counters;

void counter_value__set(struct counter_value *value, uint64_t count,
			uint64_t enabled, uint64_t running);
void counter_value__set_error(struct counter_value *value, int err);

void counters__init_libperf(void);
struct counters *counters__new(void);
struct counters *counters__new_of(enum counters_side side);
void counters__delete(struct counters *counters);
const char *counters__name(unsigned int i);
int counters__error(const struct counters *counters, unsigned int i);
void counters__reset(struct counters *counters);
void counters__enable(struct counters *counters);
void counters__disable(struct counters *counters);
void counters__read(struct counters *counters,
		    struct counter_value values[COUNTERS_NR]);

#endif /* KMBENCH_COUNTERS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is timed, told from the outside: the span between two readings of the clock.
 */
#ifndef KMBENCH_WHERE_SPANS_H
#define KMBENCH_WHERE_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From here on x86-64 has its modules where its image has no random place:
 * __START_KERNEL_map and the 512 MiB of KERNEL_IMAGE_SIZE, asm/page_64_types.h.
 */
#define SPANS_MODULES	0xffffffffa0000000ULL

/**
 * struct spans - what is timed just now
 * @begun: address of the reading of the clock that began it; 0: nothing is.
 * @nr: how many have ended.
 */
struct spans {
	uint64_t begun;
	uint64_t nr;
};

bool spans__is_clock(const uint8_t *bytes, size_t size);
void spans__clock(struct spans *spans, uint64_t address);

#endif /* KMBENCH_WHERE_SPANS_H */

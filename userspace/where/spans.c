// SPDX-License-Identifier: GPL-2.0
/*
 * What is timed, told from the outside. A timed loop of kmbench.ko reads the clock,
 * does its operation, reads the clock and takes notes: what lies between a reading
 * and the next one further on in the same function is timed, what lies between
 * that and the first one again is not.
 */
#include <string.h>

#include "spans.h"

/* Bytes of code between the two readings of a loop, at most. */
#define SPAN_MAX	4096

static const uint8_t rdtsc[] = { 0x0f, 0x31 };
static const uint8_t rdtscp[] = { 0x0f, 0x01, 0xf9 };

/**
 * spans__is_clock() - ask whether an instruction reads the clock
 * @bytes: of the instruction.
 * @size: how many; 0: not known.
 *
 * Return: whether it is rdtsc or rdtscp: Intel SDM vol. 2.
 */
bool spans__is_clock(const uint8_t *bytes, size_t size)
{
	return (size == sizeof(rdtsc) && !memcmp(bytes, rdtsc, size)) ||
	       (size == sizeof(rdtscp) && !memcmp(bytes, rdtscp, size));
}

/**
 * spans__clock() - the clock is read
 * @spans: what is timed.
 * @address: of the instruction that reads it. Outside of modules it is the kernel's
 *	own time, and no span's.
 */
void spans__clock(struct spans *spans, uint64_t address)
{
	if (address < SPANS_MODULES)
		return;
	if (spans->begun && address > spans->begun && address - spans->begun <= SPAN_MAX) {
		spans->begun = 0;
		spans->nr++;
	} else {
		spans->begun = address;
	}
}

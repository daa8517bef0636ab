/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random ioctls, see fuzz.c.
 */
#ifndef KMBENCH_FUZZ_H
#define KMBENCH_FUZZ_H

#include <stdbool.h>
#include <stdint.h>

#include "module/uapi/kmbench.h"

/* Bytes in which the argument of any of the ioctls has room. */
#define FUZZ_ROOM	640
/* Operations of a run that a signal is to break off; others have 64 at most. */
#define FUZZ_LONG	1000
/* Pages that are lent at most. */
#define FUZZ_LENT_PAGES	1024

/* Addresses at which a process may have memory: from the one to below the other. */
#define FUZZ_FIRST_PAGE	4096UL
#define FUZZ_USER_END	(1UL << 47)

/**
 * struct fuzz_random - a sequence of numbers that a seed gives
 * @state: where it is.
 */
struct fuzz_random {
	uint64_t state;
};

/**
 * struct fuzz_request - one ioctl
 * @cmd: its number.
 * @fault: no good address: what is there cannot be read, or not be written.
 * @deaf: for a file that must never hear the right version.
 * @counts: for the histogram, or for frames.
 * @failures: for that of failures.
 * @body: the argument.
 */
struct fuzz_request {
	uint32_t cmd;
	bool fault;
	bool deaf;
	uint64_t counts[KMB_HIST_BUCKETS];
	uint64_t failures[KMB_HIST_BUCKETS];
	union {
		uint8_t bytes[FUZZ_ROOM];
		struct kmb_hello hello;
		struct kmb_info info;
		struct kmb_row row;
		struct kmb_run run;
		struct kmb_footprint footprint;
		struct kmb_walk walk;
		struct kmb_touch touch;
		struct kmb_lend lend;
		struct kmb_frag frag;
		struct kmb_look look;
	} body;
};

/**
 * struct fuzz_offer - what the module offers
 * @info: its tables and limits.
 * @late: the scenario with KMB_ROW_LATE.
 */
struct fuzz_offer {
	struct kmb_info info;
	uint32_t late;
};

uint64_t fuzz__random(struct fuzz_random *random);
uint32_t fuzz__below(struct fuzz_random *random, uint32_t limit);
void fuzz__request(struct fuzz_request *request, struct fuzz_random *random,
		   const struct fuzz_offer *offer);

/* Whose numbers are counted; the last for all that is no ioctl. */
#define FUZZ_KINDS	11

int fuzz__kind(uint32_t cmd);
const char *fuzz__kind_name(int kind);
const char *fuzz__complaint(const struct fuzz_request *request, int err);

int fuzz__map(int fd, struct fuzz_random *random, const char **complaint);

#endif /* KMBENCH_FUZZ_H */

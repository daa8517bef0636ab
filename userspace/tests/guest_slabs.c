// SPDX-License-Identifier: GPL-2.0
/*
 * Slabs that others use a part of: what objects occupy is told without them, for a
 * machine that did much before is no other kernel.
 */
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "guest.h"

/* Objects of 64 bytes: one that stays free of so many others, and how many in all. */
#define EACH	8
#define NR_OTHERS	960
#define NR_OBJECTS	1024
#define SIZE	64
/* A slab of these is a page. The first and the last may be partly others'. */
#define MOST_SLABS	(NR_OBJECTS * SIZE / 4096 + 2)
/* Without those that a CPU has at hand. */
#define PARTLY_USED	"/sys/kernel/slab/kmalloc-64/partial"
#define SHRINK	"/sys/kernel/slab/kmalloc-64/shrink"

static long partly_used(void)
{
	FILE *file = fopen(PARTLY_USED, "re");
	long nr = -1;

	if (file && fscanf(file, "%ld", &nr) != 1)
		nr = -1;
	if (file)
		fclose(file);
	return nr;
}

/* The kernel keeps an object of 64 bytes for each eventfd. */
static void use_partly(int fds[NR_OTHERS])
{
	int i;

	for (i = 0; i < NR_OTHERS; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC);
	for (i = 0; i < NR_OTHERS; i += EACH) {
		close(fds[i]);
		fds[i] = -1;
	}
}

static void check_footprint(uint32_t flags, bool good, char *why)
{
	struct kmb_footprint footprint = {
		.objects = NR_OBJECTS, .size = SIZE, .share = 90, .flags = flags,
	};
	struct device device;
	int err = device__open(&device, DEVICE_PATH);

	if (!err)
		err = device__hello(&device);
	if (!err)
		err = device__footprint(&device, &footprint);
	device__close(&device);
	if (err || footprint.held != NR_OBJECTS || (footprint.blocks <= MOST_SLABS) != good)
		snprintf(why, WHY_LEN, "%s: %llu of %d objects in %llu slabs; %s %d",
			 strerror(-err), (unsigned long long)footprint.held, NR_OBJECTS,
			 (unsigned long long)footprint.blocks,
			 good ? "at most" : "more than", MOST_SLABS);
}

/**
 * slabs__check() - report whether slabs that others use a part of are told from one's own
 */
void slabs__check(void)
{
	long before = partly_used(), after;
	int fds[NR_OTHERS], i;
	char why[WHY_LEN] = "";

	use_partly(fds);
	/* What was closed may be in sheaves. */
	file__write(SHRINK, "1");
	after = partly_used();
	if (before < 0 || after <= before)
		snprintf(why, sizeof(why), "%s: %ld, then %ld", PARTLY_USED, before, after);
	report("control: slabs are partly used", why);
	why[0] = '\0';
	check_footprint(0, false, why);
	report("control: objects lie in slabs that are partly used", why);
	why[0] = '\0';
	check_footprint(KMB_FOOTPRINT_FILL, true, why);
	report("filled up, they lie in no such slab", why);
	for (i = 0; i < NR_OTHERS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

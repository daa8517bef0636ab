// SPDX-License-Identifier: GPL-2.0
/*
 * Histograms: shrinking what the module counted, merging, percentiles.
 *
 * A dense histogram of the module is 30 kB, of which a cell fills some tens of
 * buckets; thousands of cells are kept, so only the filled ones are. Integers
 * only. Means and standard deviations are left out on purpose: the exact sum
 * is in struct kmb_stats.
 */
#include <stdlib.h>

#include "histogram.h"
#include "module/uapi/kmbench.h"

static struct histogram *histogram__alloc(uint32_t nr)
{
	struct histogram *histogram;

	histogram = malloc(sizeof(*histogram) +
			   nr * sizeof(histogram->buckets[0]));
	if (histogram)
		histogram->nr = 0;
	return histogram;
}

static void histogram__append(struct histogram *histogram, uint32_t index,
			      uint64_t count)
{
	histogram->buckets[histogram->nr].index = index;
	histogram->buckets[histogram->nr].count = count;
	histogram->nr++;
}

/**
 * histogram__new() - keep the non-empty buckets of a dense histogram
 * @counts: KMB_HIST_BUCKETS counts of samples.
 *
 * Return: a histogram, to be freed by histogram__delete(); NULL: no memory.
 */
struct histogram *histogram__new(const uint64_t *counts)
{
	struct histogram *histogram;
	uint32_t i, nr = 0;

	for (i = 0; i < KMB_HIST_BUCKETS; i++)
		nr += counts[i] != 0;
	histogram = histogram__alloc(nr);
	for (i = 0; histogram && i < KMB_HIST_BUCKETS; i++)
		if (counts[i])
			histogram__append(histogram, i, counts[i]);
	return histogram;
}

/**
 * histogram__delete() - free a histogram
 * @histogram: of histogram__new() or histogram__merge(), or NULL.
 */
void histogram__delete(struct histogram *histogram)
{
	free(histogram);
}

/**
 * histogram__merge() - the samples of two histograms together
 * @a: one.
 * @b: the other.
 *
 * Return: a histogram, to be freed by histogram__delete(); NULL: no memory.
 */
struct histogram *histogram__merge(const struct histogram *a,
				   const struct histogram *b)
{
	const struct histogram_bucket *x = a->buckets, *x_end = x + a->nr;
	const struct histogram_bucket *y = b->buckets, *y_end = y + b->nr;
	struct histogram *sum = histogram__alloc(a->nr + b->nr);

	while (sum && (x < x_end || y < y_end)) {
		if (y == y_end || (x < x_end && x->index < y->index)) {
			histogram__append(sum, x->index, x->count);
			x++;
		} else if (x == x_end || y->index < x->index) {
			histogram__append(sum, y->index, y->count);
			y++;
		} else {
			histogram__append(sum, x->index, x->count + y->count);
			x++;
			y++;
		}
	}
	return sum;
}

/**
 * histogram__count() - how many samples a histogram holds
 * @histogram: the histogram.
 *
 * Return: the sum of all its buckets.
 */
uint64_t histogram__count(const struct histogram *histogram)
{
	uint64_t count = 0;
	uint32_t i;

	for (i = 0; i < histogram->nr; i++)
		count += histogram->buckets[i].count;
	return count;
}

/**
 * histogram__rank() - which sample, in ascending order, is a percentile
 * @count: samples, at least 1.
 * @per_10000: the percentile in hundredths of a per cent, 1 to 10000.
 *
 * Return: ceil(count * per_10000 / 10000), exactly, for any @count; the
 * smallest sample has rank 1.
 */
uint64_t histogram__rank(uint64_t count, uint32_t per_10000)
{
	uint64_t whole = count / 10000, rest = count % 10000;

	return whole * per_10000 + (rest * per_10000 + 9999) / 10000;
}

static uint64_t bucket__middle(uint32_t index)
{
	uint64_t low = kmb_hist_low(index);

	return low + (kmb_hist_high(index) - low) / 2;
}

/**
 * histogram__percentile() - estimate a percentile
 * @histogram: the samples.
 * @per_10000: the percentile in hundredths of a per cent, 1 to 10000.
 * @min: the smallest sample, in the histogram's unit.
 * @max: the largest sample.
 *
 * Return: the middle of the bucket that holds the sample of that rank, kept
 * within [@min, @max], so off by less than 1 %; 0 where there are no samples.
 */
uint64_t histogram__percentile(const struct histogram *histogram,
			       uint32_t per_10000, uint64_t min, uint64_t max)
{
	uint64_t rank = histogram__rank(histogram__count(histogram), per_10000);
	uint64_t value = 0, seen = 0;
	uint32_t i;

	for (i = 0; i < histogram->nr && seen < rank; i++) {
		seen += histogram->buckets[i].count;
		value = bucket__middle(histogram->buckets[i].index);
	}
	if (!histogram->nr)
		return 0;
	return value < min ? min : value > max ? max : value;
}

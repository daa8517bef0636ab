// SPDX-License-Identifier: GPL-2.0
/*
 * Content that is recognized: each byte depends on its place and on a seed, so
 * that a byte that was lost, moved or taken from another object is seen.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "pattern.h"

/* The eight bytes that a place is in. */
static u64 word_at(size_t at, u64 seed)
{
	return (seed + at / sizeof(u64) + 1) * 0x9e3779b97f4a7c15ULL;
}

/* The bytes from @at to the end of their word, at most up to @to. */
static size_t piece(size_t at, size_t to)
{
	return min_t(size_t, sizeof(u64) - at % sizeof(u64), to - at);
}

/**
 * kmb_pattern_write() - write the pattern
 * @object: where to.
 * @from: the first byte, counted from @object.
 * @to: one behind the last byte.
 * @seed: differs between two objects and between two rounds.
 */
void kmb_pattern_write(void *object, size_t from, size_t to, u64 seed)
{
	size_t at, len;
	u64 word;

	for (at = from; at < to; at += len) {
		word = word_at(at, seed);
		len = piece(at, to);
		if (len == sizeof(word))
			memcpy(object + at, &word, sizeof(word));
		else
			memcpy(object + at, (u8 *)&word + at % sizeof(word), len);
	}
}

static const u8 *first_difference(const u8 *is, const u8 *ought, size_t len)
{
	while (len && *is == *ought) {
		is++;
		ought++;
		len--;
	}
	return len ? is : NULL;
}

/**
 * kmb_pattern_find_wrong() - look for a byte that is not of the pattern
 * @object: as it was for kmb_pattern_write().
 * @from: the first byte.
 * @to: one behind the last byte.
 * @seed: the seed.
 *
 * Return: the first such byte, NULL when there is none.
 */
const u8 *kmb_pattern_find_wrong(const void *object, size_t from, size_t to,
				 u64 seed)
{
	const u8 *wrong = NULL;
	size_t at, len;
	u64 word, is;

	for (at = from; at < to && !wrong; at += len) {
		word = word_at(at, seed);
		len = piece(at, to);
		if (len == sizeof(word)) {
			memcpy(&is, object + at, sizeof(is));
			if (is == word)
				continue;
		}
		wrong = first_difference(object + at,
					 (u8 *)&word + at % sizeof(word), len);
	}
	return wrong;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What a user perhaps meant: names by edit distance (Levenshtein).
 *
 * '*' and '?' in what was typed cost nothing. Brackets are not understood:
 * they are letters like others, which is good enough for a hint.
 */
#include <stdio.h>
#include <string.h>

#include "nearest.h"

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/*
 * One more letter of the pattern. row[j] is the distance between the pattern
 * so far and the first j letters of the name.
 */
static void distance__step(unsigned int *row, char letter, const char *name,
			   size_t length)
{
	unsigned int diagonal = row[0], above;
	size_t j;

	row[0] += letter != '*';
	for (j = 1; j <= length; j++) {
		above = row[j];
		if (letter == '*')
			row[j] = min3(above, row[j - 1], above);
		else
			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (letter != '?' &&
						  letter != name[j - 1]));
		diagonal = above;
	}
}

/**
 * nearest__distance() - edits from a pattern to a name or its leading part
 * @pattern: what was typed.
 * @name: a name; letters after the first NEAREST_LEN - 1 do not count.
 * @length: receives the length of the leading part of @name that is nearest;
 *	it ends before a '/' or with the name.
 *
 * Return: how many letters have to be added, removed or replaced.
 */
unsigned int nearest__distance(const char *pattern, const char *name,
			       size_t *length)
{
	size_t j, end = strnlen(name, NEAREST_LEN - 1);
	unsigned int row[NEAREST_LEN], best;

	for (j = 0; j <= end; j++)
		row[j] = j;
	for (; *pattern; pattern++)
		distance__step(row, *pattern, name, end);
	*length = end;
	best = row[end];
	for (j = end; j-- > 0;) {
		if (name[j] == '/' && row[j] <= best) {
			best = row[j];
			*length = j;
		}
	}
	return best;
}

static int nearest__has(const struct nearest *nearest, const char *text)
{
	unsigned int i;

	for (i = 0; i < nearest->nr; i++)
		if (!strcmp(nearest->names[i].text, text))
			return 1;
	return 0;
}

/* Keeps the first of equals, so that the order of the tables decides. */
static void nearest__offer(struct nearest *nearest,
			   const struct nearest_name *name)
{
	unsigned int i = nearest->nr;

	if (nearest__has(nearest, name->text))
		return;
	if (nearest->nr < NEAREST_MAX)
		nearest->nr++;
	else if (nearest->names[--i].distance <= name->distance)
		return;
	for (; i && nearest->names[i - 1].distance > name->distance; i--)
		nearest->names[i] = nearest->names[i - 1];
	nearest->names[i] = *name;
}

/**
 * nearest__try_name() - consider a name and its leading parts
 * @nearest: the nearest so far.
 * @pattern: what was typed.
 * @name: a name, parts joined by '/'.
 */
void nearest__try_name(struct nearest *nearest, const char *pattern,
		       const char *name)
{
	struct nearest_name near;
	size_t length;

	near.distance = nearest__distance(pattern, name, &length);
	snprintf(near.text, sizeof(near.text), "%.*s%s", (int)length, name,
		 name[length] ? "/…" : "");
	nearest__offer(nearest, &near);
}

/**
 * nearest__try_word() - consider a part that was typed without its place
 * @nearest: the nearest so far.
 * @pattern: what was typed.
 * @word: a part of names that does not lead them.
 */
void nearest__try_word(struct nearest *nearest, const char *pattern,
		       const char *word)
{
	struct nearest_name near;
	size_t length;

	near.distance = nearest__distance(pattern, word, &length);
	snprintf(near.text, sizeof(near.text), "*/%s", word);
	nearest__offer(nearest, &near);
}

/**
 * nearest__format() - the nearest names as half a line
 * @nearest: the names; those behind the best are left out.
 * @text: receives "near: A, B, C", or "there are no names".
 * @size: of @text, bytes.
 */
void nearest__format(const struct nearest *nearest, char *text, size_t size)
{
	unsigned int i;
	size_t length = 0;

	snprintf(text, size, "there are no names");
	for (i = 0; i < nearest->nr && length < size; i++) {
		if (nearest->names[i].distance > nearest->names[0].distance)
			break;
		length += snprintf(text + length, size - length, "%s%s",
				   i ? ", " : "near: ", nearest->names[i].text);
	}
}

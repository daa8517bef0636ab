// SPDX-License-Identifier: GPL-2.0
/*
 * The CRC-32 of zlib, for guests: no distribution has zlib for all of their
 * architectures. The host checks it by zlib's own, at the end of each boot.
 */
#include "crc32.h"

#define POLYNOMIAL	0xedb88320u

/**
 * crc32_add() - go on with a checksum
 * @crc: of what went before; 0 at first.
 * @data: what follows.
 * @size: of @data, bytes.
 *
 * Return: the checksum of all.
 */
uint32_t crc32_add(uint32_t crc, const void *data, size_t size)
{
	const unsigned char *next = data;
	int bit;

	crc = ~crc;
	while (size--) {
		crc ^= *next++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
	}
	return ~crc;
}

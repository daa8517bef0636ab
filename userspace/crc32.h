/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CRC-32 of zlib.
 */
#ifndef KMBENCH_CRC32_H
#define KMBENCH_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_add(uint32_t crc, const void *data, size_t size);

#endif /* KMBENCH_CRC32_H */

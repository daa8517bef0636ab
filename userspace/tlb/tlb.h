/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of a TLB for data: levels of arrays, filled by walks of page tables.
 */
#ifndef KMBENCH_TLB_H
#define KMBENCH_TLB_H

#include "geometry.h"
#include "translation.h"

struct tlb;

/**
 * typedef tlb_walk_fn - look an address up in page tables
 * @arg: that of tlb__new().
 * @address: a virtual address, canonical or not.
 * @found: receives the page.
 *
 * Return: false: there is no page, and @found is not looked at.
 */
typedef bool tlb_walk_fn(void *arg, uint64_t address, struct tlb_translation *found);

struct tlb *tlb__new(const struct tlb_geometry *geometry, tlb_walk_fn *walk, void *arg);
void tlb__delete(struct tlb *tlb);
void tlb__access(struct tlb *tlb, uint64_t address, unsigned int bytes, bool store);
void tlb__empty(struct tlb *tlb);
void tlb__flush(struct tlb *tlb);
void tlb__flush_all(struct tlb *tlb);
void tlb__flush_page(struct tlb *tlb);
void tlb__reset_counts(struct tlb *tlb);
struct kmb_tlb_counts tlb__counts(const struct tlb *tlb);

#endif /* KMBENCH_TLB_H */

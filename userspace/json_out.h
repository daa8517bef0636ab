/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A measurement as a JSON document.
 */
#ifndef KMBENCH_JSON_OUT_H
#define KMBENCH_JSON_OUT_H

#include <jansson.h>
#include <stdio.h>

#include "measurement.h"

#define JSON_OUT_FORMAT		"kmbench-measurement"
/* Raised whenever a member changes its meaning or goes. */
#define JSON_OUT_VERSION	2

/**
 * struct json_out - a file that appears when it is complete, or not at all
 * @path: its name.
 * @tmp: the name it has until then.
 * @file: the open file; NULL: committed.
 */
struct json_out {
	char *path;
	char *tmp;
	FILE *file;
};

json_t *json_out__clock(const struct kmb_info *info);
json_t *json_out__stats(const struct kmb_stats *stats);
json_t *json_out__histogram(const struct histogram *histogram);
json_t *json_out__events(const struct events *events);
json_t *json_out__value(const struct counter_value *value);
json_t *json_out__counters(const struct counter_value *values, unsigned int nr);
json_t *json_out__cell(const struct measured_cell *measured);
int json_out__write(FILE *file, json_t *system, const struct kmb_info *info,
		    const struct measurement *measurement);
int json_out__open(struct json_out *out, const char *path);
int json_out__commit(struct json_out *out);
void json_out__close(struct json_out *out);

#endif /* KMBENCH_JSON_OUT_H */

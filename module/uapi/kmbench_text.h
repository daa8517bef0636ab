/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * How long texts are, with their ends; a part of kmbench.h, and of its version.
 */
#ifndef _UAPI_KMBENCH_TEXT_H
#define _UAPI_KMBENCH_TEXT_H

#define KMB_NAME_LEN		32
#define KMB_TEXT_LEN		96

#endif /* _UAPI_KMBENCH_TEXT_H */

#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: a crowd of two, one of which shares its processor with a busy loop.
busybox taskset -c 1 /bin/busybox sh -c 'while :; do :; done' &
/bin/kmbench run --json /results.json --cpu 0 --iterations 100000 \
	--repetitions 2 crowd/task/GFP_KERNEL/64/2cpus
code=$?
kill $!
exit $code

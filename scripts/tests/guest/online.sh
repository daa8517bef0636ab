#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# In the guest, where three of six possible processors are online: what the tool
# says of six; and of three, with a processor less than when the module was loaded.
crowd() {
	/bin/kmbench run --iterations 64 --repetitions 2 --json "$2" \
		"crowd/task/GFP_KERNEL/64/$1cpus"
}

cpus=/sys/devices/system/cpu
echo "possible $(busybox cat $cpus/possible), online $(busybox cat $cpus/online)"
crowd 6 /none.json
echo "step six: $?"
crowd 3 /results.json
echo "step three: $?"
echo 0 >$cpus/cpu1/online
crowd 3 /none.json
echo "step fewer: $?"
crowd 2 /none.json
echo "step two: $?"
exit 0

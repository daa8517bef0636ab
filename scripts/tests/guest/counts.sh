#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: `kmbench check` where all is well, disturbed, broken off, and
# where there is no tracing. Each step tells its exit code on the console.
check="/bin/kmbench check"
instances=/sys/kernel/tracing/instances

say() {
	echo "step $1: $2"
}

# What is left of tracing after a step, some time later at most.
leftovers() {
	for _ in $(busybox seq 300); do
		busybox grep -q tracefs /proc/mounts || break
		busybox usleep 100000
	done
	say "mounts after $1" "$(busybox grep -c tracefs /proc/mounts)"
	busybox mount -t tracefs tracefs /sys/kernel/tracing
	say "instances after $1" "$(busybox ls $instances | busybox grep -c .)"
	busybox umount /sys/kernel/tracing
}

# Break a check off once its second instance is there.
break_off() {
	$check &
	while [ ! -d "$instances/kmbench-$!-kfree" ] && kill -0 $!; do
		busybox usleep 10000
	done
	kill "-$1" $!
	wait $!
	say "$1" $?
	leftovers "$1"
}

$check --json /results.json
say all $?
leftovers all

# Each opening is a kmalloc() and a kfree() of the module, of no scenario.
while :; do : <>/dev/kmbench; done &
$check burst1024-lifo/task/GFP_KERNEL/64 pair/task/GFP_KERNEL
say disturbed $?
kill $!

break_off TERM
break_off KILL

$check pair/task/GFP_KERNEL/64 krealloc
say uncounted $?
echo 2 >/proc/sys/kernel/kptr_restrict
$check pair/task/GFP_KERNEL/64
say hidden $?
echo 0 >/proc/sys/kernel/kptr_restrict
busybox mount -t tmpfs tmpfs /sys/kernel
$check pair/task/GFP_KERNEL/64
say untraced $?
exit 0

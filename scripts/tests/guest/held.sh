#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what is charged to a memory cgroup and what is not; and how long
# runs wait for memory that kfree_rcu() has not given back yet. Each step tells on
# the console how many seconds it took.
run="/bin/kmbench run --repetitions 10"
cells="account/task/GFP_KERNEL/64 pair/task/GFP_KERNEL/64"
# Five objects a repetition: 5 MiB of 512.
late="kfree_rcu/task/GFP_KERNEL/1048576"

uptime() {
	read -r up _ </proc/uptime
	echo "${up%.*}"
}

timed() {
	name=$1 began=$(uptime)
	shift
	"$@"
	echo "step $name: $? $(($(uptime) - began))"
}

# shellcheck disable=SC2086
$run $cells
echo 0 >/sys/fs/cgroup/cgroup.procs
echo "the root's memory cgroup"
# shellcheck disable=SC2086
$run $cells
timed "large share" $run --share 80 $late
timed "small share" $run --share 3 $late
timed "another" $run pair/task/GFP_KERNEL/64
timed "one more" $run --json /results.json pair/task/GFP_KERNEL/64
exit 0

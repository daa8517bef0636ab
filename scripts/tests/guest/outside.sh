#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: a plain loop of kmalloc() and kfree(), once and twice as long,
# for each power of two, and the tool's own figures. The loop is timed by the
# stamps of the kernel's log: "begin SIZE PAIRS", "end SIZE PAIRS".
loop() {
	echo "begin $1 $2" >/dev/kmsg
	echo "$1 $2" >/sys/module/plain_loop/parameters/run
	echo "end $1 $2" >/dev/kmsg
}

size=8
while [ $size -le 32768 ]; do
	loop $size 10000
	loop $size 20000
	size=$((2 * size))
done
# What it costs to split and merge larger blocks depends on which are free: the
# tool has to find what the loop finds.
while [ $size -le 4194304 ]; do
	echo $size >/sys/module/plain_loop/parameters/leave
	/bin/kmbench run --json /large.json --repetitions 5 --iterations 512 \
		--warmup 1024 pair/task/GFP_KERNEL/$size
	loop $size 1000
	loop $size 2000
	echo "document $size: $(/bin/busybox tr -d '\n' </large.json)"
	size=$((2 * size))
done
exec /bin/kmbench run --json /results.json --repetitions 5 --iterations 1024 \
	--warmup 4096 pair/task/GFP_KERNEL alloc/task/GFP_KERNEL/64 \
	free/task/GFP_KERNEL/64 kzalloc/task/GFP_KERNEL/1024 \
	'burst*/task/GFP_KERNEL/64' delay/task/GFP_KERNEL/64

#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: a plain loop of kmalloc() and kfree(), once and twice as long,
# for each power of two, and the tool's own figures. The loop is timed by the
# stamps of the kernel's log: "begin SIZE PAIRS", "end SIZE PAIRS". Each goes
# several times, since the kernel may have other things to do meanwhile.
loop() {
	echo "begin $1 $2" >/dev/kmsg
	echo "$1 $2" >/sys/module/plain_loop/parameters/run
	echo "end $1 $2" >/dev/kmsg
}

loops() {
	for _ in 1 2 3 4 5; do
		loop $1 $2
		loop $1 $((2 * $2))
	done
}

size=8
while [ $size -le 8192 ]; do
	loops $size $((size < 262144 ? 400 : 52428800 / size))0
	size=$((2 * size))
done
# What whole pages cost depends on which are free: the tool has to find what the
# loop finds.
while [ $size -le 4194304 ]; do
	echo $size >/sys/module/plain_loop/parameters/leave
	/bin/kmbench run --json /large.json --repetitions 5 --iterations 512 \
		--warmup 1024 pair/task/GFP_KERNEL/$size
	loops $size $((size < 262144 ? 400 : 52428800 / size))
	# The log goes to the same console.
	/bin/busybox sleep 1
	echo "document $size: $(/bin/busybox tr -d '\n' </large.json)"
	size=$((2 * size))
done
exec /bin/kmbench run --json /results.json --repetitions 5 --iterations 1024 \
	--warmup 4096 pair/task/GFP_KERNEL alloc/task/GFP_KERNEL/64 \
	free/task/GFP_KERNEL/64 kzalloc/task/GFP_KERNEL/1024 \
	'burst*/task/GFP_KERNEL/64' delay/task/GFP_KERNEL/64

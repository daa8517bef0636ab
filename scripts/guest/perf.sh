#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
#
# What a guest of `make perf` runs: the tool under perf stat, and once more under
# perf kmem. EVENTS and then arguments of `kmbench run`; all that was found is an
# archive, which kmblib/perf.py reads.
set -eu
export PATH=/bin HOME=/tmp PERF_CONFIG=/dev/null
tracing=/sys/kernel/tracing
found=/tmp/found
# A page of the ring buffer holds some 40 events; cells make thousands between two looks.
buffer=16M

quietly() {
	log=$1
	shift
	"$@" >"$log" 2>&1 || {
		busybox cat "$log"
		echo "kmbench: $1 $2 ended with an error: $(busybox tail -n 1 "$log")"
		exit 2
	}
}

events=$1
shift
busybox mkdir "$found"
busybox mount -t tracefs tracefs $tracing
perf version >"$found/version.txt"
perf stat -x ';' -o "$found/stat.csv" -e "$events" -- \
	kmbench run --progress=cells --json "$found/stat.json" "$@"
quietly "$found/record.txt" perf kmem record -m $buffer -o /tmp/perf.data -- \
	kmbench run --json "$found/kmem.json" "$@"
quietly "$found/kmem.txt" perf kmem -i /tmp/perf.data --slab --caller --raw-ip -l 100000 stat
busybox grep '\[kmbench\]' /proc/kallsyms >"$found/kallsyms.txt"
busybox umount $tracing
busybox tar -C "$found" -cf /results.json .

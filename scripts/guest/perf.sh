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
data=/tmp/perf.data
# Some 200000 events; cells make thousands between two looks of perf.
buffer=16M
step="the set-up"

# Only the tool may say that the kernel failed; what else goes wrong is the set-up's.
ended() {
	code=$?
	[ $code -eq 0 ] || [ "$step" = kmbench ] || {
		echo "kmbench: $step failed in the guest"
		exit 2
	}
}
trap ended EXIT

quietly() {
	step="perf $2, for $1,"
	log=$found/$1.txt
	shift
	"$@" >"$log" 2>&1 || {
		busybox tail -n 3 "$log"
		exit 2
	}
}

events=$1
shift
busybox mkdir "$found"
busybox mount -t tracefs tracefs $tracing
quietly version perf version
step=kmbench
perf stat -x ';' -o "$found/stat.csv" -e "$events" -- \
	kmbench run --progress=cells --json "$found/stat.json" "$@"
quietly record perf kmem record -m $buffer -o $data -- kmbench run --json "$found/kmem.json" "$@"
quietly kmem perf kmem -i $data --slab --caller --raw-ip -l 100000 stat
quietly stats perf report -i $data --stats
step="reading where the module lies"
busybox grep '\[kmbench\]' /proc/kallsyms >"$found/kallsyms.txt"
busybox grep '^kmbench ' /proc/modules >"$found/module.txt"
step="packing what was found"
busybox umount $tracing
busybox tar -C "$found" -cf /results.json .

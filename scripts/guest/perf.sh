#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The tool under perf stat, and once more under perf kmem: in a guest of `make perf`,
# whose only program besides is busybox, or in a mount namespace of WHERE=host, which
# takes the mount of tracefs with it when it ends. DIR, ARCHIVE of it ("": none), EVENTS,
# arguments of `kmbench run`; what is in DIR then kmblib/perf.py reads.
set -eu
found=$1
archive=$2
events=$3
shift 3
# perf keeps copies of what it has seen at HOME, beside what is found.
scratch=${found%/*}
export PATH="$PATH:/bin" HOME="$scratch" PERF_CONFIG=/dev/null
tracing=/sys/kernel/tracing
data=$scratch/perf.data
# Some 200000 events; cells make thousands between two looks of perf. Each CPU has its own.
buffer=16M
step="the set-up"

# Only the tool may say that the kernel failed; what else goes wrong is the set-up's.
ended() {
	code=$?
	[ $code -eq 0 ] || [ "$step" = kmbench ] || {
		echo "kmbench: $step failed"
		exit 2
	}
}
trap ended EXIT

quietly() {
	step="perf $2, for $1,"
	echo "kmbench: step $step"
	log=$found/$1.txt
	shift
	"$@" >"$log" 2>&1 || {
		busybox tail -n 3 "$log"
		exit 2
	}
}

command -v busybox >/dev/null || busybox() { "$@"; }
busybox mkdir -p "$found"
[ "$(busybox nproc)" -le 4 ] || buffer=4M
[ -e $tracing/trace ] || busybox mount -t tracefs tracefs $tracing
quietly version perf version
step=kmbench
perf stat -x ';' -o "$found/stat.csv" -e "$events" -- \
	kmbench run --progress=cells --json "$found/stat.json" "$@"
quietly record perf kmem record -m $buffer -o "$data" -- kmbench run --json "$found/kmem.json" "$@"
quietly kmem perf kmem -i "$data" --slab --caller --raw-ip -l 100000 stat
quietly stats perf report -i "$data" --stats
step="reading where the module lies"
busybox grep '\[kmbench\]' /proc/kallsyms >"$found/kallsyms.txt"
busybox grep '^kmbench ' /proc/modules >"$found/module.txt"
step="packing what was found"
[ -z "$archive" ] || busybox tar -C "$found" -cf "$archive" .

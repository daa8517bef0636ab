# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the tests beside this share; they source it. A test prints KTAP, and exits with
# 0: passed; 1: failed; 4: skipped, as the feature that it names is absent.
loaded=

# A second signal, as timeout(1) hands on the one that the terminal has sent to all, would end
# what the first has begun.
deafen() {
	trap '' INT TERM HUP PIPE
}

unload() {
	deafen
	[ -z "$loaded" ] || rmmod "$loaded"
}
trap unload EXIT
# A shell that a signal kills leaves what stands above undone; who reads it may be gone before it.
trap 'deafen; exit 130' INT TERM HUP PIPE

echo "KTAP version 1"

skip() {
	echo "1..0 # SKIP $*"
	exit 4
}

# What was to be set up could be, and was not: no skip.
fail() {
	echo "1..1"
	echo "not ok 1 $*"
	exit 1
}

# Load a module, of those installed beside this or of the running system, with parameters.
load() {
	module=$1 file=modules/$(uname -r)/$1.ko
	shift
	[ "$(id -u)" -eq 0 ] || skip "not root, and $module.ko has to be loaded"
	if [ -f "$file" ]; then
		insmod "$file" "$@" || fail "insmod $file"
	elif modprobe -n -q "$module" 2>/dev/null; then
		modprobe "$module" "$@" || fail "modprobe $module"
	else
		skip "no $module.ko for Linux $(uname -r)"
	fi
	loaded=$module
}

# The device of kmbench.ko, which may be loaded already.
need_device() {
	[ -c /dev/kmbench ] || load kmbench
	[ -c /dev/kmbench ] || fail "kmbench.ko is loaded, and there is no /dev/kmbench"
	[ -w /dev/kmbench ] || skip "not root, and /dev/kmbench is root's"
}

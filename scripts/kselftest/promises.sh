#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does the kernel keep what kmalloc() promises? The suites of KUnit as a module, which says its
# KTAP to the kernel's log while it is loaded.
# shellcheck source=scripts/kselftest/common.sh
. ./common.sh
[ -d /sys/module/kmalloc_ktap ] && fail "kmalloc_ktap.ko is loaded already; rmmod kmalloc_ktap"
[ "$(cat /proc/sys/kernel/panic_on_warn)" = 0 ] ||
	skip "kernel.panic_on_warn is on, and the suites provoke warnings; sysctl kernel.panic_on_warn=0"
[ -r /dev/kmsg ] || skip "no /dev/kmsg that can be read"

log=$(mktemp) mark="kmbench: promises.sh $$"
echo "$mark begins" >/dev/kmsg || skip "no /dev/kmsg that can be written"
cat /dev/kmsg >"$log" &
reader=$!
finish() {
	deafen
	kill $reader 2>/dev/null
	rm -f "$log"
	unload
}
trap finish EXIT
load kmalloc_ktap "$@"
echo "$mark ends" >/dev/kmsg
for _ in 1 2 3 4 5 6 7 8 9 10; do
	! grep -q "$mark ends" "$log" || break
	sleep 1
done

# Between the marks; whatever else the kernel said is a comment. The plan has to be kept.
sed "1,/$mark begins/d; /$mark ends/,\$d; /^ /d; s/^[^;]*;//" "$log" | {
	planned=0 passed=0 failed=0 skipped=0
	while IFS= read -r line; do
		case $line in
		"KTAP version"*) continue ;;
		1..*) planned=${line#1..} ;;
		"ok "*"# SKIP"*) skipped=$((skipped + 1)) ;;
		"ok "*) passed=$((passed + 1)) ;;
		"not ok "*) failed=$((failed + 1)) ;;
		*) line="# $line" ;;
		esac
		echo "$line"
	done
	echo "# $passed suites passed, $failed failed, $skipped skipped, of $planned"
	# The kernel may have been told to say less than it does.
	[ "$planned" -gt 0 ] || {
		echo "not ok 1 the kernel's log has no plan of suites between \"$mark begins\" and its end"
		exit 1
	}
	[ $failed -eq 0 ] && [ $((passed + skipped)) -eq "$planned" ] || exit 1
	[ $passed -gt 0 ] || exit 4
}

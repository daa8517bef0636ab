#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does the module do what it says? Its calls of kmalloc() and kfree(), counted by the kernel's
# tracepoints, for a cell of each scenario in each context. A cell is a result.
# shellcheck source=scripts/kselftest/common.sh
. ./common.sh
need_device

said=$(./kmbench check "$@" 2>&1)
code=$?
case $said in
*"tracing is not available"*) skip "${said##*kmbench: }" ;;
esac
echo "$said" | {
	nr=0
	while read -r word cell rest; do
		case $word in
		ok) echo "ok $((nr += 1)) ${cell%:}" ;;
		DIFFERS) echo "not ok $((nr += 1)) ${cell%:}" ;;
		esac
		echo "# $word $cell $rest"
	done
	[ $code -le 1 ] || echo "not ok $((nr += 1)) kmbench check exits with $code"
	echo "1..$nr"
	[ $code -eq 0 ] && [ $nr -gt 0 ]
}

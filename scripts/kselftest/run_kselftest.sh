#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Run the tests that `make install INSTALL_PATH=` put beside this, and print KTAP. Tests and
# list are laid out as the kernel's own kselftests are, whose runner takes them as well.
# Exit codes: 0 some passed and none failed; 1 one failed; 2 wrong use; 4 all were skipped.
cd "$(dirname "$0")" || exit 2
# After the test under way, which has modules to unload, has ended as well.
trap 'exit 130' INT TERM HUP
dry=

usage() {
	cat <<EOF
Usage: run_kselftest.sh [OPTIONS]
  -t | --test COLLECTION:TEST	Run this test; may be given again
  -c | --collection COLLECTION	Run the tests of this collection; likewise
  -l | --list			List the tests as COLLECTION:TEST
  -d | --dry-run		Say what would be run
  -h | --help			Show this
EOF
}

die() {
	echo "run_kselftest.sh: $*" >&2
	exit 2
}

# Tests of the list that a pattern of grep(1) names.
add() {
	found=$(grep -x "$1" kselftest-list.txt) || die "no test $2; --list names them"
	chosen="$chosen $found"
}

case " $* " in
*" -h "* | *" --help "*) ;;
*) [ -r kselftest-list.txt ] || die "no kselftest-list.txt beside it" ;;
esac

chosen=
while [ $# -gt 0 ]; do
	case $1 in
	-t | --test) add "${2:-}" "${2:-}"; shift ;;
	-c | --collection) add "${2:-}:.*" "of ${2:-}"; shift ;;
	-l | --list) cat kselftest-list.txt; exit ;;
	-d | --dry-run) dry=1 ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
[ -n "$chosen" ] || chosen=$(cat kselftest-list.txt)

# Seconds that a test may take, from the settings of its directory.
timeout_of() {
	sed -n 's/^timeout=//p' "$1/settings" 2>/dev/null | grep . || echo 45
}

# The arguments of a test, as the kernel's runner has them: of x.sh, $KSELFTEST_X_SH_ARGS.
args_of() {
	eval "echo \"\${KSELFTEST_$(echo "$1" | tr '[:lower:]' '[:upper:]' | tr -c 'A-Z0-9\n' _)_ARGS:-}\""
}

# The output, as comments; the exit code is in $code.
run_one() {
	# In the foreground, or Ctrl-C does not reach the test, which has modules to unload.
	limit=$(timeout --foreground 1 true 2>/dev/null && echo "timeout --foreground $(timeout_of "$1")")
	code=$(cd "$1" && {
		# shellcheck disable=SC2046,SC2086 # lists of words, no globs
		{ set -f; $limit "./$2" $(args_of "$2") 2>&1; echo $? >&3; } |
			{ trap '' INT TERM HUP; sed 's/^/# /' >&4; }
	} 3>&1)
}

# shellcheck disable=SC2086 # a list of words
set -- $chosen
exec 4>&1
passed=0 failed=0 skipped=0 nr=0
echo "TAP version 13"
echo "1..$#"
for entry; do
	nr=$((nr + 1)) name="selftests: ${entry%%:*}: ${entry#*:}"
	echo "# $name"
	[ -z "$dry" ] || continue
	run_one "${entry%%:*}" "${entry#*:}"
	case $code in
	0) passed=$((passed + 1)); echo "ok $nr $name" ;;
	4) skipped=$((skipped + 1)); echo "ok $nr $name # SKIP" ;;
	124) failed=$((failed + 1)); echo "not ok $nr $name # TIMEOUT" ;;
	*) failed=$((failed + 1)); echo "not ok $nr $name # exit=$code" ;;
	esac
done
[ -z "$dry" ] || exit 0
echo "# Totals: pass:$passed fail:$failed xfail:0 xpass:0 skip:$skipped error:0"
[ $failed -eq 0 ] || exit 1
[ $passed -gt 0 ] || exit 4

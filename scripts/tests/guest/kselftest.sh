#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what `make install INSTALL_PATH=` installed, where there is no module yet,
# and nothing of the repository. Each step tells its exit code on the console.
busybox --install -s /bin
runner=/bin/kselftest/run_kselftest.sh
one=pair/task/GFP_KERNEL/64
export KSELFTEST_COUNTS_SH_ARGS=$one KSELFTEST_COST_SH_ARGS=$one
export KSELFTEST_PROMISES_SH_ARGS='filter=*_alignment.p2_*'

step() {
	name=$1
	shift
	echo "begin $name"
	"$@"
	echo "step $name: $?"
}

# It is 1, as in all guests of tests.
step panics $runner -t kmbench:promises.sh
echo 0 >/proc/sys/kernel/panic_on_warn
step all $runner
step modules grep -c '^kmbench\|^kmalloc_ktap' /proc/modules
KSELFTEST_PROMISES_SH_ARGS='filter=no_such_suite' step "no case" $runner -t kmbench:promises.sh
# A module under the name of the suites, which has none.
cd "/bin/kselftest/kmbench/modules/$(uname -r)" || exit 2
mv kmalloc_ktap.ko suites
cp kmbench.ko kmalloc_ktap.ko
step "no plan" $runner -t kmbench:promises.sh
rmmod kmbench
mv suites kmalloc_ktap.ko
cd /
KSELFTEST_PROMISES_SH_ARGS='filter=kmalloc_kmemleak' step "no kmemleak" $runner -t kmbench:promises.sh
KSELFTEST_COUNTS_SH_ARGS=pear step "no cell" $runner -t kmbench:counts.sh
insmod "/bin/kselftest/kmbench/modules/$(uname -r)/kmbench.ko"
# Each opening is a kmalloc() and a kfree() of the module, of no scenario. A cell can be over
# between two of them: all sizes, that one is in the way of some.
while :; do : <>/dev/kmbench; done &
KSELFTEST_COUNTS_SH_ARGS=${one%/*} step disturbed $runner -t kmbench:counts.sh
kill $!
rm -r /bin/kselftest/kmbench/modules
step "one of two" $runner -t kmbench:promises.sh -t kmbench:cost.sh
echo '{}' >/results.json

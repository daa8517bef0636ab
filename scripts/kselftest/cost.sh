#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Can kmalloc() be measured here? Some cells, as a table. No figure is judged: that needs a
# kernel to compare with.
# shellcheck source=scripts/kselftest/common.sh
. ./common.sh
need_device

[ $# -gt 0 ] || set -- pair/task/GFP_KERNEL alloc/task/GFP_KERNEL free/task/GFP_KERNEL
./kmbench run "$@" 2>&1 || fail "kmbench run exits with $?"
echo "1..1"
echo "ok 1 cost"

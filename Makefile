# SPDX-License-Identifier: GPL-2.0
#
# The front door of kmbench. `make` alone prints help.

# Also options of the commands in scripts/, which read them from here.
export KERNEL KDIR CLOCK SCENARIOS PROFILE SHARE MEM CPUS RUN OUT INIT_ON_ALLOC ARCH CONFIG ROWS ONLY WHERE FORCE GEOMETRY ORDER LEVELS MOVABLE OCCUPANTS COMPACT BASE NEW
export PYTHONDONTWRITEBYTECODE := 1

PREFIX ?= /usr/local

.PHONY: help run check run_tests kunit kunit-matrix ktap bench tlb frag gate baseline mutants patch report setup install clean

help:
	@echo 'kmbench: is kmalloc() right, and what does it cost?'
	@echo
	@echo 'The two commands:'
	@echo '  make run      test the promises, measure the cost, print the report'
	@echo '  make check    prove that the suite itself is sound (run_tests is the same)'
	@echo
	@echo 'One thing at a time:'
	@echo '  make kunit    only the promises: KUnit in UML, or in QEMU (ARCH=)'
	@echo '  make kunit-matrix  the same everywhere that kunit/matrix.toml declares'
	@echo '  make ktap     the same promises, on a kernel without KUnit: a virtual machine'
	@echo '  make bench    only the cost: a virtual machine, or this one (WHERE=host)'
	@echo '  make tlb      what contiguity is worth: TLB misses modelled, or time (WHERE=host),'
	@echo '                or counted by a PMU, the one that QEMU emulates (ARCH=riscv64)'
	@echo '  make frag     what fragmentation does to it: success and time, level by level'
	@echo '  make gate     did it get slower? instructions, cell by cell, against a baseline'
	@echo '  make baseline measure one for that, and say what changed: KERNEL=; or OUT=FILE'
	@echo '  make mutants  does the suite notice broken allocators? half an hour'
	@echo '  make patch    the suites for a kernel tree, for git am: KDIR=DIR OUT=FILE'
	@echo '  make report   print the report of a run again'
	@echo '  make setup    only install the packages that are missing'
	@echo '  make install  install the tool kmbench into PREFIX=$(PREFIX)'
	@echo '  make clean    remove results/runs; the cache stays'
	@echo
	@echo 'What to test:'
	@echo '  KERNEL=6.1    the distribution'"'"'s kernel (default); or 6.12, 7.3'
	@echo '  KDIR=DIR      your own tree, uncommitted changes included; never written to'
	@echo
	@echo 'Where to test (kunit):'
	@echo '  ARCH=um       or x86_64, arm64, riscv64, in QEMU'
	@echo '  CONFIG=NAME   a configuration of kunit/configs, as debug (default: default)'
	@echo '  ROWS=...      rows of the matrix: globs, as '"'"'6.1/um/* */debug'"'"' (default: all)'
	@echo
	@echo 'How to measure:'
	@echo '  CLOCK=virtual count instructions, exactly (default); or real: time, noisy'
	@echo '  PROFILE=quick how much of everything (default); or standard, full'
	@echo '  SCENARIOS=... names or globs, as '"'"'pair/task alloc/*/64'"'"', instead or of it'
	@echo '  SHARE=10      per cent of the available memory that may be held at once'
	@echo '  WHERE=host    the running kernel: bench with sudo, loads a module; tlb also without'
	@echo '  FORCE=1       even a debug kernel or a changing frequency; marks the result (host)'
	@echo '  MEM=1G CPUS=1 of the virtual machine; CPUS=2 of make ktap'
	@echo '  GEOMETRY=zen3 the TLB that tlb and frag model (default: generic); or a file'
	@echo '  ORDER=9       make frag: blocks of this order are to be scarce (default: 9)'
	@echo '  LEVELS=0.5,0.9   and how scarce: unusable free space indices (default: six)'
	@echo '  MOVABLE=50 OCCUPANTS=cache   of so many % by pages that can be moved; or anon'
	@echo '  COMPACT=1     make frag: compact memory after each level; or 0 (default)'
	@echo '  INIT_ON_ALLOC=1  have make ktap boot a kernel that zeroes all; or 0 (default)'
	@echo '  ONLY=...      mutants: names or globs, as '"'"'kfree-* largest-size-refused'"'"' (default: all)'
	@echo
	@echo 'Which results:'
	@echo '  BASE= NEW=    files of make baseline (default: the committed one, and KERNEL= itself)'
	@echo '  RUN=NAME      a directory of results/runs (default: the newest)'
	@echo
	@echo 'From the environment:'
	@echo '  KMBENCH_CACHE=DIR     where kernels are kept (default: ~/.cache/kmbench)'
	@echo '  KMBENCH_STRICT=1      fail for properties of the implementation, too (kunit, ktap)'
	@echo '  KMBENCH_NO_INSTALL=1  name missing packages instead of installing them'
	@echo
	@echo 'Exit codes of scripts/*: 0 good; 1 the kernel under test failed;'
	@echo '2 wrong use or broken set-up; 3 cannot tell. make itself says 2 for each.'

setup:
	@scripts/setup

run kunit ktap bench tlb frag gate baseline mutants patch: setup
	@scripts/$@

# One guest of another architecture is among the tests.
check: setup
	@scripts/setup riscv64
	@scripts/check

run_tests: check

# A row whose packages cannot be installed is an error in the table.
kunit-matrix: setup
	@scripts/setup $$(scripts/kunit-matrix --arches) || :
	@scripts/kunit-matrix

report: setup
	@scripts/report

install: setup
	@scripts/install '$(DESTDIR)' '$(PREFIX)'

clean:
	rm -rf results/runs

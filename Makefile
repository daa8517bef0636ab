# SPDX-License-Identifier: GPL-2.0
#
# The front door of kmbench. `make` alone prints help.

# Also options of the commands in scripts/, which read them from here.
OPTIONS := KERNEL KDIR CLOCK SCENARIOS PROFILE SHARE MEM CPUS RUN OUT INIT_ON_ALLOC ARCH \
	CONFIG ROWS ONLY WHERE FORCE GEOMETRY ORDER LEVELS MOVABLE OCCUPANTS COMPACT BASE NEW PATCH \
	PARTS CONFIG_FRAGMENT FORMAT V
export $(OPTIONS)
export PYTHONDONTWRITEBYTECODE := 1

PREFIX ?= /usr/local

# What nobody reads is a slip of the pen, and would be measured without. What another make
# hands down nobody has typed here.
KNOWN := $(OPTIONS) PREFIX DESTDIR INSTALL_PATH BISECT KMBENCH_CACHE KMBENCH_STRICT KMBENCH_NO_INSTALL \
	KMBENCH_RESULTS KSELFTEST_%_ARGS TMPDIR XDG_CACHE_HOME
GIVEN := $(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$v))
ifeq ($(MAKELEVEL),0)
$(foreach v,$(filter-out $(KNOWN) MAKEFLAGS GNUMAKEFLAGS SHELL,$(GIVEN)),$(error no variable $v; there are: $(sort $(KNOWN))))
endif

# Which of them the command that is run has to know.
export KMBENCH_GIVEN := $(filter-out V,$(filter $(OPTIONS),$(GIVEN)))
export KMBENCH_OPTIONS := $(OPTIONS)

.PHONY: help run check run_tests kunit kunit-matrix ktap bench tlb frag gate gate-selftest baseline ab mutants patch report setup install clean history report-selftest docs htmldocs deb deb-selftest perf

help:
	@cat scripts/help.txt

setup:
	@scripts/setup

run kunit ktap bench tlb frag gate gate-selftest baseline ab mutants patch docs: setup
	@scripts/$@

# One guest of another architecture is among the tests, and one under perf.
check: setup
	@scripts/setup check riscv64 perf
	@scripts/check

run_tests: setup
	@scripts/run-tests

# A row whose packages cannot be installed is an error in the table.
kunit-matrix: setup
	@scripts/setup $$(scripts/kunit-matrix --arches 2>/dev/null) || :
	@scripts/kunit-matrix

htmldocs: docs

perf: setup
	@scripts/setup perf
	@scripts/perf

deb deb-selftest: setup
	@scripts/setup check deb
	@scripts/$@

report history: setup
	@scripts/$@

# Some 300 MB of packages, which nothing else needs.
report-selftest: setup
	@scripts/setup browser
	@scripts/report-selftest

install: setup
	@scripts/install $(if $(INSTALL_PATH),--kselftest '$(INSTALL_PATH)','$(DESTDIR)' '$(PREFIX)')

clean:
	rm -rf results/runs

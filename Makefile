# SPDX-License-Identifier: GPL-2.0-or-later
#
# Rootstock's top makefile.  `make help` lists the targets.  The modules are
# described to Kbuild in the Kbuild files, the programs in userspace/Makefile.

MAKEFLAGS += --no-print-directory --no-builtin-rules
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
export V

BUILD ?= build
override BUILD := $(abspath $(BUILD))
export BUILD

PREFIX ?= /usr/local
DESTDIR ?=
export PREFIX DESTDIR

# Every kernel whose headers are installed, or the one KDIR names.  The cloud
# flavours are guests in our tests and never hosts.
ifdef KDIR
KERNELS := $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h)
ifeq ($(KERNELS),)
$(error KDIR=$(KDIR) holds no configured kernel headers)
endif
else
KERNELS := $(foreach d,$(wildcard /lib/modules/*/build/Makefile),$(word 3,$(subst /, ,$(d))))
KERNELS := $(filter-out %-cloud-amd64,$(KERNELS))
endif
MODULES := $(shell grep -v '^\#' scripts/modules.list)
kdir = $(or $(KDIR),/lib/modules/$(1)/build)
NEWEST_KERNEL = $(shell printf '%s\n' $(KERNELS) | sort -V | tail -n 1)

# What runs a make of its own must not inherit a job server it cannot reach.
ALONE := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL

# Two builds of the same thing at once would step on each other's objects.
locked = flock $(BUILD)/.lock-$(1)

.PHONY: all
all: modules userspace

.PHONY: help
help:
	@sed -n 's/^#: //p' $(firstword $(MAKEFILE_LIST))

#: Build
#:   all            modules and userspace (the default)
#:   modules        kernel modules, for every kernel whose headers are installed
#:   userspace      libraries and programs
#:   clean          remove what was built for this tree
#:   distclean      remove everything that make ever wrote here
#: Use
#:   load, unload   insert or remove this tree's modules (as root)
#:   demo           boot a root partition under emulation, and a guest in it
#:   shell          a shell in such a root partition
#:   install, uninstall
#:                  modules, programs, manual pages, udev rule, group
#: Test
#:   check          everything that can be tested on one machine
#:   check-debug    tests of the modules on a kernel that watches itself (KASAN, lockdep, ...)
#:   unit           unit tests only
#:   fuzz           run the fuzzers, FUZZ_TIME seconds each
#:   bench          benchmarks
#:   headers_check  public headers stand alone; every file states its licence
#:   style          checkpatch --strict
#:   sparse, tidy, shellcheck
#:                  static analysis of modules, programs, scripts
#: Variables
#:   KDIR=DIR       build for the kernel whose headers are in DIR only
#:   BUILD=DIR      build in DIR instead of build
#:   PREFIX=DIR     install below DIR instead of /usr/local; DESTDIR=DIR stages
#:   NBD=no         build libvhd without NBD servers
#:   V=1            show the commands

$(BUILD):
	$(Q)mkdir -p $@

#
# Build
#
.PHONY: modules
modules: $(KERNELS:%=modules-%)
ifeq ($(KERNELS),)
	@echo 'make: no kernel headers below /lib/modules: run scripts/deps, or give KDIR=' >&2
	@false
endif

.PHONY: $(KERNELS:%=modules-%)
$(KERNELS:%=modules-%): modules-%: | $(BUILD)
	@echo '  MODULES $*'
	$(Q)$(call locked,modules-$*) sh -ec ' \
		scripts/mirror-sources $(BUILD)/modules/$*; \
		$(MAKE) -C $(call kdir,$*) M=$(BUILD)/modules/$* W=1 modules'

.PHONY: userspace
userspace: | $(BUILD)
	@echo '  USERSPACE'
	$(Q)$(call locked,userspace) $(MAKE) -C userspace

.PHONY: clean distclean
clean:
	$(Q)rm -rf $(BUILD)/modules $(BUILD)/userspace $(BUILD)/unit $(BUILD)/fuzz \
		$(BUILD)/headers $(BUILD)/check

distclean:
	$(Q)rm -rf $(BUILD)

#
# Use
#
.PHONY: load unload demo shell
# In this order, for a line that begins with "load" is a directive to make.
unload load:
	$(Q)scripts/$@

demo:
	$(Q)$(ALONE) scripts/demo

shell:
	$(Q)scripts/deps
	$(Q)$(MAKE) all
	$(Q)$(ALONE) tests/rootvm --interactive -- bash

#
# Install
#
INSTALL_MODULES := $(DESTDIR)/lib/modules
MAN_PAGES := $(wildcard Documentation/man/*.[1-9])
UDEV_RULES := $(DESTDIR)$(PREFIX)/lib/udev/rules.d/60-rootstock.rules
SYSUSERS := $(DESTDIR)$(PREFIX)/lib/sysusers.d/rootstock.conf
COMPLETIONS := $(DESTDIR)$(PREFIX)/share/bash-completion/completions

# To install what was built, as root, must not build it anew as root.
.PHONY: install uninstall $(KERNELS:%=install-modules-%)
install: $(KERNELS:%=install-modules-%)
	$(Q)$(MAKE) -C userspace install
	$(Q)$(foreach m,$(MAN_PAGES),install -D -m 0644 $(m) \
		$(DESTDIR)$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix $(m)))/$(notdir $(m));)
	$(Q)install -D -m 0644 dist/60-rootstock.rules $(UDEV_RULES)
	$(Q)install -D -m 0644 dist/rootstock.sysusers $(SYSUSERS)
	$(Q)install -D -m 0644 dist/vmwp.completion $(COMPLETIONS)/vmwp
	$(Q)install -D -m 0644 dist/rsctl.completion $(COMPLETIONS)/rsctl
ifeq ($(DESTDIR),)
	$(Q)if command -v systemd-sysusers >/dev/null; then systemd-sysusers $(SYSUSERS); \
		else groupadd -r -f rootstock; fi
	$(Q)ldconfig
	$(Q)if [ -S /run/udev/control ]; then udevadm control --reload; fi
endif

$(KERNELS:%=install-modules-%): install-modules-%: modules-%
	$(Q)$(foreach m,$(MODULES),install -D -m 0644 $(BUILD)/modules/$*/$(m).ko \
		$(INSTALL_MODULES)/$*/extra/rootstock/$(notdir $(m)).ko;)
ifeq ($(DESTDIR),)
	$(Q)depmod $*
endif

uninstall:
	$(Q)$(MAKE) -C userspace uninstall
	$(Q)rm -f $(foreach m,$(MAN_PAGES),\
		$(DESTDIR)$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix $(m)))/$(notdir $(m)))
	$(Q)rm -f $(UDEV_RULES) $(SYSUSERS) $(COMPLETIONS)/vmwp $(COMPLETIONS)/rsctl
	$(Q)rm -rf $(KERNELS:%=$(INSTALL_MODULES)/%/extra/rootstock)
ifeq ($(DESTDIR),)
	$(Q)$(foreach k,$(KERNELS),depmod $(k);)
endif

#
# Test
#
.PHONY: check check-debug unit fuzz bench
check:
	@$(ALONE) tests/check

check-debug:
	$(Q)scripts/deps
	@$(ALONE) tests/check-debug $(TESTS)

unit: | $(BUILD)
	$(Q)$(call locked,unit) $(MAKE) -C tests/unit run

fuzz: | $(BUILD)
	$(Q)$(call locked,fuzz) $(MAKE) -C tests/fuzz run

bench:
	$(Q)scripts/deps
	$(Q)$(MAKE) all
	$(Q)$(ALONE) tests/bench/run

.PHONY: headers_check style shellcheck tidy sparse
headers_check: | $(BUILD)
	@$(ALONE) scripts/headers-check $(foreach k,$(KERNELS),$(k)=$(call kdir,$(k)))

style: | $(BUILD)
	@scripts/style

# A script is told by its first line.
shellcheck:
	$(Q)scripts/sources | xargs grep -lE -m 1 '^#!/bin/(ba)?sh|^# shellcheck shell=' | \
		xargs shellcheck -x

include userspace/flags.mk
tidy: | $(BUILD)
	$(Q)$(MAKE) -C userspace generated
	$(Q)scripts/sources 'userspace/*.c' | xargs -r -P $(shell nproc) -n 4 sh -c \
		'clang-tidy --quiet "$$@" -- $(RS_CFLAGS) $(RS_INCLUDES:%=-I%) \
			-I$(BUILD)/userspace/gen 2>&1 | sed "/warnings generated/d"; \
		 exit 0' sh >$(BUILD)/tidy.log
	$(Q)cat $(BUILD)/tidy.log; ! grep -qE '(warning|error):' $(BUILD)/tidy.log

# C=2 checks also what is compiled already; what it finds in the kernel's own
# headers is not ours to mend.
sparse: modules-$(NEWEST_KERNEL)
	$(Q)$(MAKE) -C $(call kdir,$(NEWEST_KERNEL)) M=$(BUILD)/modules/$(NEWEST_KERNEL) W=1 \
		C=2 CF=-D__CHECK_ENDIAN__ modules >$(BUILD)/sparse.log 2>&1 || \
		{ cat $(BUILD)/sparse.log; false; }
	$(Q)! grep -E '^($(BUILD)|\./)?.*/(kmod|vid|vmbus|vsp)/.*(warning|error):' $(BUILD)/sparse.log

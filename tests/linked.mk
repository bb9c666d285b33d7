# SPDX-License-Identifier: GPL-2.0-or-later
#
# Test programs made of sources anywhere in the tree; an object lies in $(OUT)/obj under its
# source's path.  Set OUT, which may use BUILD, and what of CC, CFLAGS, SANITIZE is not to be as
# here; include.  Then either
#
#	$(OUT)/PROGRAM: $(call objects,tests/vidfuzz/*.c userspace/libvid/*.c)
#		$(link)
#
# or, where the program is one file that names the others in its first lines, with LINK: and
# LIBS:, eval $(call linked,PROGRAM,SOURCE).

MAKEFLAGS += --no-print-directory --no-builtin-rules
TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
BUILD ?= $(TOP)/build
override BUILD := $(abspath $(BUILD))

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = @printf '  %-7s %s\n' $(1) $(2)

CC ?= cc
CFLAGS ?= -O2 -g
include $(TOP)/userspace/flags.mk
override CFLAGS += $(RS_CFLAGS) $(SANITIZE)
override CPPFLAGS += $(addprefix -I$(TOP)/,$(RS_INCLUDES) kmod vmbus vsp/storvsp tests/unit) -I$(BUILD)/userspace/gen

.PHONY: all
all:

# Of patterns, from the top.
objects = $(patsubst $(TOP)/%.c,$(OUT)/obj/%.o,$(foreach p,$(1),$(wildcard $(TOP)/$(p))))

# What follows WORD: in the comments at the top of SOURCE.
stated = $(shell sed -n '1,24s|^[ /]\*.*\b$(1): *\(.*[^ ]\) *\*/$$|\1|p' $(TOP)/$(2))

$(OUT)/obj/%.o: $(TOP)/%.c | generated
	$(call say,CC,$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

.PHONY: generated
generated:
	$(Q)$(MAKE) -C $(TOP)/userspace generated >/dev/null

.SECONDARY:

# The recipe of a program; LDLIBS may be its own.
define link
	$(call say,LD,$(@F))
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
endef

define linked
$(OUT)/$(1): $(patsubst %.c,$(OUT)/obj/%.o,$(2) $(call stated,LINK,$(2)))
	$$(call say,LD,$(1))
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $(call stated,LIBS,$(2)) $$(CHECK_LIBS)
endef

.PHONY: clean
clean:
	rm -rf $(OUT)

-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)

# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs made of one test file and of the sources that it names.  Set TOP, OUT,
# CC, CFLAGS, SANITIZE, CHECK_LIBS; include; then eval
# $(call linked,PROGRAM,SOURCE) for each.

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = @printf '  %-7s %s\n' $(1) $(2)

include $(TOP)/userspace/flags.mk
override CFLAGS += $(RS_CFLAGS) $(SANITIZE)
override CPPFLAGS += $(addprefix -I$(TOP)/,$(RS_INCLUDES) kmod vmbus vsp/storvsp tests/unit) -I$(BUILD)/userspace/gen

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

define linked
$(OUT)/$(1): $(patsubst %.c,$(OUT)/obj/%.o,$(2) $(call stated,LINK,$(2)))
	$$(call say,LD,$(1))
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $(call stated,LIBS,$(2)) $$(CHECK_LIBS)
endef

-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)

# SPDX-License-Identifier: GPL-2.0-only
#
# Products go to .output/, downloads and built kernels to the cache directory.
# Sources are globbed: a new file needs no line here.  A room that does not
# exist yet is skipped.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

TOP := $(CURDIR)
OUT := $(TOP)/.output
CC := gcc
CLANG := clang-19
JOBS := $(shell nproc)
PREFIX ?= /usr/local
KREL = $(shell cat $(OUT)/kernel/include/config/kernel.release)
export KDIR

V ?= 0
ifeq ($(V),0)
Q := @
msg = @printf '  %-8s %s\n' '$(1)' '$(patsubst $(TOP)/%,%,$(2))';
else
Q :=
msg =
endif

rwildcard = $(foreach d,$(wildcard $(1)/*),$(call rwildcard,$(d),$(2)) $(filter $(subst *,%,$(2)),$(d)))

.PHONY: all help demo kernel kernel-debug tools modules modules-debug bpf daemon \
	lib selftests units packages check check-full check-unit check-vm check-debug \
	style regen \
	bench bench-quick bench-baseline \
	install clean FORCE
all: kernel modules bpf daemon lib

help:
	@echo 'make demo         redis over Linux TCP and over eTran, side by side'
	@echo 'make check        what a change must pass, within the hour:'
	@echo '  style             checkpatch, sparse, shellcheck'
	@echo '  check-unit        unit tests, no VM; under two minutes'
	@echo '  check-vm          tier 1 of the suites, in VMs on the plain kernel'
	@echo '  check-vm SUITE=NAME  one suite in all its forms; TIER=1: those of tier 1'
	@echo 'make check-full   the same with tier 2: every form of every suite, no time limit'
	@echo 'make check-debug [SUITE=] [TIER=1]  the suites on a KASAN, lockdep, kmemleak kernel'
	@echo
	@echo 'make bench        figures of both stacks, into .output/bench and docs/performance.md'
	@echo '  bench-quick       some of them, in under five minutes'
	@echo '  bench-baseline    store the instructions per request that check allows'
	@echo
	@echo 'make all          kernel modules bpf daemon lib'
	@echo '  packages          install what is needed (Debian 12, 13)'
	@echo '  kernel            the patched kernel; KDIR= uses an existing tree'
	@echo '  modules           .output/kmod/etran.ko'
	@echo '  bpf               .output/bpf/'
	@echo '  daemon            .output/bin/etrand and etranctl'
	@echo '  lib               .output/lib/'
	@echo 'make regen        netlink code from uapi/etran.yaml'
	@echo 'make install      into DESTDIR and PREFIX, modules for the test kernel'
	@echo 'make clean        remove .output/ (the cache stays)'
	@echo
	@echo 'selftests/vm/run -- CMD   runs CMD in a VM with two hosts; -h for options'
	@echo 'V=1 shows the commands.'

packages:
	$(Q).ci/packages

#
# Kernel, libbpf and bpftool.  The scripts find out whether there is anything
# to do; the files here change only when their answer does.
#

update = if ! cmp -s $@.new $@; then mv $@.new $@; else rm $@.new; fi

$(OUT)/kernel.path $(OUT)/kernel-debug.path: FORCE
	@mkdir -p $(OUT)
	@if [ -n "$(KDIR)" ]; then readlink -f $(KDIR); else \
		selftests/vm/kernel $(if $(findstring debug,$@),debug,plain); \
	fi > $@.new
	@ln -sfn "$$(cat $@.new)" $(@:.path=)
	@$(update)

$(OUT)/tools.path: FORCE
	@mkdir -p $(OUT)/bin $(OUT)/lib/etran
	@selftests/vm/kernel tools > $@.new
	@ln -sfn "$$(cat $@.new)" $(OUT)/tools
	@$(update)
	@[ $(OUT)/lib/etran/libbpf.so.1 -nt $@ ] || \
		{ cp -f $(OUT)/tools/lib/libbpf.so.1 $(OUT)/lib/etran/libbpf.so.1; \
		cp -f $(OUT)/tools/bin/bpftool $(OUT)/bin/bpftool; \
		touch $(OUT)/lib/etran/libbpf.so.1; }

kernel: $(OUT)/kernel.path
kernel-debug: $(OUT)/kernel-debug.path
tools: $(OUT)/tools.path

#
# etran.ko, in .output/kmod for the plain kernel and .output/kmod-debug for the
# other one.  Without BTF it would load and do nothing.
#

UAPI := $(call rwildcard,uapi,*.h)

ifneq ($(wildcard kmod/Kbuild),)
KMOD_SRC := $(filter %.c %.h %/Kbuild,$(call rwildcard,kmod,*))
modules: $(OUT)/kmod/etran.ko
modules-debug: $(OUT)/kmod-debug/etran.ko

define kmod_rule
	$(call msg,MODULE,$@)
	@mkdir -p $(@D)
	$(Q)$(MAKE) -s -C $$(cat $<) M=$(TOP)/kmod MO=$(@D) modules
	@readelf -S $@ | grep -q '\.BTF' || { rm $@; \
		echo "$@ has no BTF: is there a vmlinux in the kernel tree, and pahole?" >&2; exit 1; }
	@touch $@
endef
$(OUT)/kmod/etran.ko: $(OUT)/kernel.path $(KMOD_SRC) $(UAPI)
	$(kmod_rule)
$(OUT)/kmod-debug/etran.ko: $(OUT)/kernel-debug.path $(KMOD_SRC) $(UAPI)
	$(kmod_rule)
MODULE_BTF := $(OUT)/kmod/etran.ko
else
modules modules-debug:
endif

#
# BPF objects: bpf-progs/NAME/NAME.bpf.c -> .output/bpf/NAME.bpf.o, and those
# under selftests/ with the folder kept.
#

BPF_SRC := $(call rwildcard,bpf-progs,*.bpf.c) $(call rwildcard,selftests,*.bpf.c)
BPF_OBJ := $(foreach f,$(BPF_SRC:.bpf.c=.bpf.o),$(OUT)/bpf/$(if $(filter bpf-progs/%,$f),$(notdir $f),$f))
BPF_CFLAGS := -g -O2 -mcpu=v4 -target bpf -D__TARGET_ARCH_x86 -std=gnu11 \
	-Wall -Wextra -Wno-unused-parameter -Wno-missing-declarations -Werror \
	-I$(OUT)/bpf/include -I. -Ibpf-progs -Iuapi \
	-I$(OUT)/tools/include

# Tests load what they find: an object without its source must go.
bpf: $(BPF_OBJ)
	$(Q)rm -f $(filter-out $(BPF_OBJ),$(call rwildcard,$(OUT)/bpf,*.bpf.o))

$(OUT)/bpf/include/vmlinux.h: $(OUT)/tools.path $(OUT)/kernel.path $(MODULE_BTF)
	$(call msg,BTF,$@)
	@mkdir -p $(@D)
	$(Q)$(OUT)/tools/bin/bpftool $(if $(MODULE_BTF),-B $(OUT)/kernel/vmlinux) \
		btf dump file $(or $(MODULE_BTF),$(OUT)/kernel/vmlinux) format c > $@.new
	@$(update)
	@touch $@

define bpf_rule
	$(call msg,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(EXTRA) -MMD -MP -c $< -o $@
endef
# Many small files with the same headers, which are read once.
REJECT := $(OUT)/bpf/selftests/kmod/reject
$(REJECT)/%.bpf.o: private EXTRA = -include-pch $(REJECT).pch
$(filter $(REJECT)/%,$(BPF_OBJ)): $(REJECT).pch
$(REJECT).pch: selftests/kmod/reject.bpf.h $(OUT)/bpf/include/vmlinux.h
	$(call msg,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -x c-header $< -o $@
$(OUT)/bpf/selftests/%.bpf.o: selftests/%.bpf.c $(OUT)/bpf/include/vmlinux.h
	$(bpf_rule)
.SECONDEXPANSION:
$(OUT)/bpf/%.bpf.o: bpf-progs/$$*/$$*.bpf.c $(OUT)/bpf/include/vmlinux.h
	$(bpf_rule)

#
# User space.  libbpf is the kernel source's, as a shared library that libxdp
# resolves to as well; the rpath works in .output/ and where it is installed.
#

PKGS := libmnl libnl-3.0 libnl-route-3.0 liburcu json-c
CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror \
	-isystem $(OUT)/tools/include/uapi -isystem $(OUT)/tools/include \
	-Iuapi -I. $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDFLAGS := -Wl,--disable-new-dtags,-rpath,'$$ORIGIN:$$ORIGIN/etran:$$ORIGIN/../lib:$$ORIGIN/../lib/etran:$$ORIGIN/../../lib:$$ORIGIN/../../lib/etran'
BPF_LIBS := $(OUT)/lib/etran/libbpf.so.1 -lxdp
LDLIBS := $(BPF_LIBS) $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread

obj = $(patsubst %.c,$(OUT)/obj/%.o,$(1))
$(OUT)/obj/%.o: %.c $(OUT)/tools.path
	$(call msg,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(EXTRA) -MMD -MP -c $< -o $@

link = $(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^)

# etrand/ but main.c is a library, of which etranctl takes what it needs.  Members
# are added, not replaced: two folders may have files of one name.
ETRAND_LIB := $(filter-out etrand/main.c,$(call rwildcard,etrand,*.c))
daemon: $(OUT)/bin/etrand $(OUT)/bin/etranctl
$(OUT)/obj/etrand/common.a: $(call obj,$(ETRAND_LIB))
	@rm -f $@
	$(Q)ar qcs $@ $^
$(OUT)/bin/etrand: $(OUT)/obj/etrand/main.o $(OUT)/obj/etrand/common.a
	$(call msg,LINK,$@)
	$(Q)$(link) $(LDLIBS)
$(OUT)/bin/etranctl: $(call obj,$(call rwildcard,etranctl,*.c)) $(OUT)/obj/etrand/common.a
	$(call msg,LINK,$@)
	$(Q)$(link) $(LDLIBS)

# libetran/: what is in shim/ is libetran-preload.so's alone, which holds the
# whole library, so that nothing internal is exported for it.  Both go into
# other people's programs and depend on nothing but libc.
LIB_SRC := $(call rwildcard,libetran,*.c)
ifneq ($(LIB_SRC),)
SHIM_SRC := $(filter libetran/shim/%,$(LIB_SRC))
lib: $(OUT)/lib/libetran.so $(if $(SHIM_SRC),$(OUT)/lib/libetran-preload.so)
# Small functions in many files, on every request's path: one program to the compiler.
LIB_CFLAGS := -fPIC -fvisibility=hidden -flto=auto -ffat-lto-objects
$(OUT)/obj/libetran/%.o: EXTRA := $(LIB_CFLAGS)
$(OUT)/lib/libetran.so: $(call obj,$(filter-out $(SHIM_SRC),$(LIB_SRC))) libetran/libetran.map
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(link) $(CFLAGS) $(LIB_CFLAGS) -shared -Wl,-soname,libetran.so -Wl,--version-script=libetran/libetran.map -lpthread
$(OUT)/lib/libetran-preload.so: $(call obj,$(LIB_SRC))
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(link) $(CFLAGS) $(LIB_CFLAGS) -shared -lpthread -ldl
else
lib:
endif

#
# Programs of the tests: selftests/FOLDER/x.c -> .output/selftests/FOLDER/x.
# A line "link: FLAGS" in the file's head comment adds to the link, for instance
# "link: -letran".  A folder with a main.c is one program of all its files and
# has the folder's name.
#

TEST_DIRS := $(patsubst selftests/%/main.c,%,$(wildcard selftests/*/main.c))
TEST_SRC := $(filter-out selftests/unit/% selftests/fuzz/% $(TEST_DIRS:%=selftests/%/%) %.bpf.c,$(call rwildcard,selftests,*.c))
TEST_BIN := $(TEST_SRC:%.c=$(OUT)/%)
selftests: $(TEST_BIN) $(foreach d,$(TEST_DIRS),$(OUT)/selftests/$(d)/$(d))
ifneq ($(LIB_SRC),)
$(TEST_BIN): | lib
endif
$(OUT)/selftests/%: selftests/%.c $(OUT)/tools.path
	$(call msg,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -Iselftests -Ilibetran $(LDFLAGS) -L$(OUT)/lib \
		-MMD -MP -MF $@.d $< -o $@ \
		$$(sed -n '1,20s/.*link: //p' $<) -Wl,--as-needed $(LDLIBS)

define test_dir
$(OUT)/selftests/$(1)/$(1): $(call obj,$(filter-out %.bpf.c,$(wildcard selftests/$(1)/*.c)))
	$$(call msg,LINK,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(link) -Wl,--as-needed $$(LDLIBS) -lm
endef
$(foreach d,$(TEST_DIRS),$(eval $(call test_dir,$(d))))

-include $(call rwildcard,$(OUT)/obj,*.d) $(call rwildcard,$(OUT)/bpf,*.d) \
	$(call rwildcard,$(OUT)/selftests,*.d) $(call rwildcard,$(OUT)/unit,*.d) \
	$(call rwildcard,$(OUT)/fuzz,*.d)

#
# Tests.  Each part counts its tests in .output/totals/.
#

# Unit tests are programs of cmocka that include the sources they test.
UNIT_BIN := $(patsubst selftests/unit/%.c,$(OUT)/unit/%,$(wildcard selftests/unit/*/*.c))
$(OUT)/unit/%: selftests/unit/%.c $(OUT)/tools.path
	$(call msg,UNIT,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fsanitize=address,undefined -fno-sanitize-recover=all \
		-Iselftests $(LDFLAGS) -MMD -MP -MF $@.d $< -o $@ \
		$$(sed -n '1,20s/.*link: //p' $<) -lcmocka -Wl,--as-needed $(LDLIBS)

# Fuzzers are programs of libFuzzer; check-unit runs each for the number of
# inputs that the line "runs: N" in its head comment says.
FUZZ_BIN := $(patsubst selftests/fuzz/%.c,$(OUT)/fuzz/%,$(wildcard selftests/fuzz/*/*.c))
$(OUT)/fuzz/%: selftests/fuzz/%.c $(OUT)/tools.path
	$(call msg,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS) -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -Iselftests/unit/kmod -Iselftests/fuzz -MMD -MP -MF $@.d $< -o $@

# Unmodified redis over Linux TCP and over eTran, side by side.
demo: packages
	@$(MAKE) -j$(JOBS) modules bpf daemon lib
	@selftests/demo/run

# Figures: both stacks, results.json, plots, docs/performance.md.
bench bench-quick: packages
	@$(MAKE) -j$(JOBS) modules bpf daemon lib selftests
	@selftests/bench/bench $(if $(findstring quick,$@),quick)

# The instructions that "make check" allows, measured anew.
bench-baseline: packages
	@$(MAKE) -j$(JOBS) modules bpf daemon lib selftests
	@selftests/bench/baseline --update

# TIER=2 is everything, TIER=1 what ends within the hour (selftests/run-suites);
# the default is 1 for all suites on the plain kernel, and else 2.  VMS=1 runs one
# VM at a time.
TIER :=
VMS :=
check: packages
	@selftests/check style check-unit check-vm

check-full:
	@$(MAKE) check TIER=2

check-unit: packages
	@$(MAKE) -j$(JOBS) units
	@selftests/run-units $(UNIT_BIN) $(FUZZ_BIN)

units: $(UNIT_BIN) $(FUZZ_BIN)

check-vm: packages
	@selftests/run-suites $(TIER:%=--tier %) $(VMS:%=--vms %) $(SUITE)

check-debug: packages
	@selftests/run-suites --kernel debug --tier $(or $(TIER),2) $(VMS:%=--vms %) $(SUITE)

style: packages $(OUT)/kernel.path
	@selftests/style

#
# Netlink code from the specification.  The generator wants the layout of a
# kernel tree around it.
#

ifneq ($(wildcard uapi/etran.yaml),)
YNL = $(OUT)/kernel/tools/net/ynl/pyynl/ynl_gen_c.py --spec $(SHADOW)/Documentation/netlink/specs/etran.yaml
SHADOW := $(OUT)/ynl
regen: $(OUT)/kernel.path
	$(call msg,YNL,uapi/etran.yaml)
	@mkdir -p $(SHADOW)/Documentation/netlink/specs kmod/generated uapi/linux
	@touch $(SHADOW)/MAINTAINERS
	@cp $(OUT)/kernel/Documentation/netlink/*.yaml $(SHADOW)/Documentation/netlink/
	@cp uapi/etran.yaml $(SHADOW)/Documentation/netlink/specs/
	$(Q)$(YNL) --mode uapi --header -o uapi/linux/etran.h
	$(Q)$(YNL) --mode kernel --header -o kmod/generated/netlink.h
	$(Q)$(YNL) --mode kernel --source -o kmod/generated/netlink.c
else
regen:
	@echo 'regen: there is no uapi/etran.yaml yet'
endif

install: all
	$(Q)dest=$(DESTDIR)$(PREFIX); \
	put() { for f in "$${@:2}"; do [ ! -e "$$f" ] || install -D -m "$$mode" -t "$$dest/$$1" "$$f"; done; }; \
	mode=755; put bin $(OUT)/bin/etrand $(OUT)/bin/etranctl; \
	put lib $(OUT)/lib/*.so; put lib/etran $(OUT)/lib/etran/libbpf.so.1; \
	mode=644; put lib/etran/bpf $(filter-out $(OUT)/bpf/selftests/%,$(BPF_OBJ)); \
	put include/etran $(wildcard libetran/libetran.h) $(wildcard uapi/*.h); \
	dest=$(DESTDIR); put lib/modules/$(KREL)/updates $(OUT)/kmod/etran.ko

clean:
	$(Q)rm -rf $(OUT)

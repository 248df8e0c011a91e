# Prometheus as Unix tools.  `make help` lists the targets.
#
# One file, not recursive: make sees the whole graph, so -j and rebuilds are
# right.  Everything built lands in build/$(VARIANT)/ and nowhere else.

VERSION := 0.1.0
VARIANT ?= release
PREFIX  ?= /usr/local
B       := build/$(VARIANT)

# In the order in which a sample travels.  A tool exists once its main does.
FLOW  := export discover scrape store query rules alert web forward
TOOLS := $(foreach t,$(FLOW),$(if $(wildcard tools/prom-$t.cc),$t))

HARDEN := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS \
          -fstack-protector-strong -fstack-clash-protection
FLAGS.release := -O2 -g1 -ffunction-sections -fdata-sections $(HARDEN)
FLAGS.debug   := -O0 -g -D_GLIBCXX_ASSERTIONS
# g++ 12 takes std::regex under -fsanitize for uninitialised.
FLAGS.asan    := -O1 -g1 -fsanitize=address,undefined \
                 -fno-sanitize-recover=all -fno-omit-frame-pointer \
                 -Wno-maybe-uninitialized
FLAGS.tsan    := -O1 -g1 -fsanitize=thread -Wno-maybe-uninitialized
FLAGS.cov     := -O0 -g --coverage
FLAGS.fuzz    := -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined
$(if $(FLAGS.$(VARIANT)),,$(error VARIANT is one of release debug asan tsan \
  cov fuzz))

ifeq ($(origin CXX),default)
CXX := g++
endif
CLANG_VERSION ?= -19
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
# clang 19 finds the insides of g++ 12's std::stable_sort deprecated.
WARN += $(if $(findstring clang,$(CXX)),-Wno-deprecated-declarations)
# x86-64-v2 is the baseline; wider kernels are chosen at run time.
MACHINE := $(if $(filter x86_64,$(shell uname -m)),-march=x86-64-v2)
ALL_CXXFLAGS := -std=c++23 -pthread -fPIE -I. $(MACHINE) $(WARN) \
  -DPROM_VERSION='"$(VERSION)"' -DUSE_OS_TZDB=1 \
  $(FLAGS.$(VARIANT)) $(CXXFLAGS)
ALL_LDFLAGS := -pthread -pie -Wl,--as-needed -Wl,--gc-sections \
  -Wl,-z,relro,-z,now,-z,noexecstack $(FLAGS.$(VARIANT)) $(LDFLAGS)
LDLIBS := -lcurl -lcares -lyaml-cpp -lre2 -llz4 -ldeflate -lz -lxxhash -lcrypto -lzstd \
  -lsnappy -lfmt -ldate-tz -ledit -lpugixml

LIB_SRC   := $(sort $(wildcard libprom/*/*.cc libprom/*/sd/*.cc))
SUPPORT   := $(sort $(wildcard tests/support/*.cc))
UNIT_SRC  := $(sort $(wildcard tests/unit/*/*_test.cc))
MODULES   := $(sort $(patsubst tests/unit/%/,%,$(dir $(UNIT_SRC))))
RUNNER_SRC := $(sort $(wildcard tests/conformance/*.cc tests/crash/*.cc))
FUZZ_SRC  := $(sort $(wildcard tests/fuzz/*_fuzz.cc))
# feed sends samples; the others are run by scripts/run-bench.
BENCH_SRC := $(sort $(wildcard tests/bench/*_bench.cc) tests/bench/feed.cc)
MAN       := $(sort $(wildcard man/*.[157]))

obj = $(patsubst %.cc,$(B)/obj/%.o,$1)
LIB    := $(B)/libprom.a
BINS   := $(TOOLS:%=$(B)/bin/prom-%)
UNIT   := $(MODULES:%=$(B)/tests/unit/%)
RUNNER := $(patsubst %.cc,$(B)/tests/%,$(notdir $(RUNNER_SRC)))
FUZZ   := $(FUZZ_SRC:%.cc=$(B)/%)
BENCH  := $(BENCH_SRC:%.cc=$(B)/%)
OBJ    := $(call obj,$(LIB_SRC) $(SUPPORT) $(UNIT_SRC) $(RUNNER_SRC) \
  $(FUZZ_SRC) $(BENCH_SRC) $(TOOLS:%=tools/prom-%.cc) tests/fuzz/replay.cc)

.DELETE_ON_ERROR:
.SECONDARY: $(OBJ)
.PHONY: all tests check crash unit replay lint tidy format bench fuzz fuzzers \
  install uninstall dist clean help

all: $(BINS)  ## build the tools into build/release/bin/

tests: $(UNIT) $(RUNNER) $(FUZZ)  ## build the test programs

$(B)/obj/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) $(TEST_FLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC))
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/bin/%: $(B)/obj/tools/%.o $(LIB)
	@mkdir -p $(@D)
	$(CXX) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# Test code is compiled more often than it is run.
$(B)/obj/tests/%.o: TEST_FLAGS := $(if $(filter release,$(VARIANT)),-O1 -g0)
$(B)/obj/tests/bench/%.o: TEST_FLAGS :=

# One test program per module: build/release/tests/unit/store
define unit_rule
$(B)/tests/unit/$1: $(call obj,$(filter tests/unit/$1/%,$(UNIT_SRC)) \
    $(SUPPORT)) $(LIB)
	@mkdir -p $$(@D)
	$(CXX) $(ALL_LDFLAGS) -o $$@ $$^ -lgmock -lgtest_main -lgtest $(LDLIBS)
endef
$(foreach m,$(MODULES),$(eval $(call unit_rule,$m)))

# Programs with a main of their own: promqltest, crash harnesses.
define runner_rule
$(B)/tests/$(basename $(notdir $1)): $(call obj,$1 $(SUPPORT)) $(LIB)
	@mkdir -p $$(@D)
	$(CXX) $(ALL_LDFLAGS) -o $$@ $$^ -lgmock -lgtest $(LDLIBS)
endef
$(foreach s,$(RUNNER_SRC),$(eval $(call runner_rule,$s)))

# The fuzz variant links libFuzzer; every other variant replays the corpus.
FUZZ_MAIN := $(if $(filter fuzz,$(VARIANT)),,$(B)/obj/tests/fuzz/replay.o)
$(B)/tests/fuzz/%: $(B)/obj/tests/fuzz/%.o $(FUZZ_MAIN) \
    $(call obj,$(SUPPORT)) $(LIB)
	@mkdir -p $(@D)
	$(CXX) $(ALL_LDFLAGS) $(if $(FUZZ_MAIN),,-fsanitize=fuzzer) -o $@ $^ \
	  -lgmock -lgtest $(LDLIBS)

$(B)/tests/bench/%: $(B)/obj/tests/bench/%.o $(call obj,$(SUPPORT)) $(LIB)
	@mkdir -p $(@D)
	$(CXX) $(ALL_LDFLAGS) -o $@ $^ -lbenchmark -lgmock -lgtest $(LDLIBS)

check: all tests  ## run every test
	@scripts/run-tests $(B)

# Half an hour; tests/README.md says what each does.
crash: $(RUNNER)  ## kills, power losses, failing calls and flipped bits, long
	CRASH_ROUNDS=2000 $(B)/tests/store_crash
	CRASH_STATES=100000 $(B)/tests/power_crash
	CRASH_STRIDE=1 $(B)/tests/fault_crash
	CRASH_BITS=0 $(B)/tests/flip_crash
	CRASH_SECONDS=60 $(B)/tests/readers_crash

unit: $(if $(M),$(B)/tests/unit/$(M),$(UNIT))  ## run unit tests; M=module
	@for t in $^; do $$t --gtest_brief=1 || exit 1; done

replay: $(FUZZ)  ## run the fuzz corpus through every fuzz target
	@for f in $(FUZZ); do n=$$(basename $$f _fuzz); \
	  $$f tests/fuzz/corpus/$$n/* || exit 1; done

fuzz:  ## fuzz each target for FUZZ_SECONDS (60); F=name for one
	@scripts/run-fuzz "$(or $(FUZZ_SECONDS),60)" $(F)

fuzzers: $(FUZZ)

bench: all $(BENCH)  ## measure, beside Debian's peers where installed
	@scripts/run-bench $(B)

lint:  ## format, tidy, layers, man pages, shell scripts
	@CLANG_VERSION=$(CLANG_VERSION) scripts/lint

tidy: $(patsubst %.cc,build/tidy/%.ok,$(LIB_SRC) $(wildcard tools/*.cc))

# clang-tidy is slow, so a file is only checked again when it changed, and the
# analyzer gives a function up early: 7 s a file instead of 17 s.
build/tidy/%.ok: %.cc .clang-tidy
	@mkdir -p $(@D)
	clang-tidy$(CLANG_VERSION) --quiet $< -- $(ALL_CXXFLAGS) -Wno-error \
	  -Xclang -analyzer-config -Xclang max-nodes=30000 2>$@.log \
	  || { cat $@.log; exit 1; }
	@touch $@

format:  ## rewrite the sources in the project's format
	clang-format$(CLANG_VERSION) -i $$(git ls-files '*.h' '*.cc')

install: $(BINS)  ## install under $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin
	install $(BINS) scripts/prom-supervise $(DESTDIR)$(PREFIX)/bin
	for m in $(MAN); do install -D -m 644 $$m \
	  $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	install -D -m 644 scripts/completions/_prom \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_prom
	for t in $(TOOLS); do \
	  install -D -m 644 scripts/completions/prom.bash \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/prom-$$t; \
	  install -D -m 644 scripts/completions/prom.fish \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/prom-$$t.fish; done

uninstall:  ## remove what install put there
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/bin/prom-%)
	rm -f $(DESTDIR)$(PREFIX)/bin/prom-supervise
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_prom
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/share/bash-completion/completions/prom-%)
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/prom-%.fish)
	for m in $(MAN); do \
	  rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done

dist:  ## build/prom-tools-$(VERSION).tar.gz from the last commit
	@mkdir -p build
	git archive --prefix=prom-tools-$(VERSION)/ -o \
	  build/prom-tools-$(VERSION).tar.gz HEAD

clean:  ## remove build/
	rm -rf build

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

-include $(OBJ:.o=.d)

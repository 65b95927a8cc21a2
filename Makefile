# The two commands of the README, `make sweep` and `make test`, and what they are made of.
# Everything is built in release mode, once: tests read `package` declarations and need no second build.

SWIFT ?= swift
BUILD := .build/release

.PHONY: sweep test fuzz soak build bundle install test-bare setup arm64 lint format clean

## Set everything up and run the quickstart sweep; ends with the matrix and the path of the report.
sweep: build
	$(BUILD)/attune run sweeps/quickstart.yaml

## Every test, in the same release build. Without a browser those of the pages are skipped, and say so.
test: setup
	@scripts/setup chromium || echo "attune: no chromium, so the tests of pages in a browser are skipped" >&2
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build

## Changed messages and manifests, each for half of MINUTES, from seeds that it prints; ATTUNE_FUZZ_SEED=… repeats one.
fuzz: MINUTES ?= 2
fuzz: setup
	$(SWIFT) build -c release --build-tests
	ATTUNE_FUZZ_SECONDS=$$(( $(MINUTES) * 30 )) $(SWIFT) test -c release --skip-build --no-parallel --filter FuzzTests

## Sweeps of two hundred trials under random faults for MINUTES, after an undisturbed one; SEED=… draws the same faults again.
## What happened, and the directory of a sweep that failed, are kept in .build/soak.
soak: MINUTES ?= 10
soak: setup
	$(SWIFT) build -c release --build-tests
	ATTUNE_SOAK_SECONDS=$$(( $(MINUTES) * 60 )) ATTUNE_SOAK_SEED=$(SEED) ATTUNE_SOAK_LOG=$(CURDIR)/.build/soak \
		$(SWIFT) test -c release --skip-build --no-parallel --filter EndToEnd/Soak

build: setup
	$(SWIFT) build -c release --product attune
	$(SWIFT) build -c release --product attune-worker

## The worker with everything but glibc, for machines without Swift or libzmq: .build/release/attune-worker.tar.gz
bundle: build
	scripts/bundle-worker

## The two programs below PREFIX, what shells complete for them, and their manual pages; DESTDIR stages them elsewhere.
install: PREFIX ?= /usr/local
install: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)
install: build
	$(SWIFT) build -c release --product manual-pages
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	for program in attune attune-worker; do \
		install -m 755 $(BUILD)/$$program $(DESTDIR)$(PREFIX)/bin/ || exit 1; \
		$(BUILD)/$$program --generate-completion-script bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$program || exit 1; \
		$(BUILD)/$$program --generate-completion-script zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$program || exit 1; \
		$(BUILD)/$$program --generate-completion-script fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$program.fish || exit 1; \
	done
	$(BUILD)/manual-pages $(DESTDIR)$(PREFIX)/share/man/man1 $(BUILD)/attune $(BUILD)/attune-worker
	gzip -9nf $(DESTDIR)$(PREFIX)/share/man/man1/attune.1 $(DESTDIR)$(PREFIX)/share/man/man1/attune-*.1
	scripts/bundle-worker
	install -D -m 644 $(BUILD)/attune-worker.tar.gz $(DESTDIR)$(PREFIX)/lib/attune/attune-worker.tar.gz

## The worker's bundle in a Debian 12 that has nothing but its essential packages (made once, by debootstrap; needs root).
test-bare: build
	cluster/package/test-bare

## What the build needs from Debian; installs it where it may, else says how.
setup:
	@scripts/setup

## The kernels built for arm64, and every recorded call of them played again there (emulated): the same bits as here?
arm64: setup
	@scripts/arm64

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests
	.ci/check-kernel-symbols

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

clean:
	rm -rf .build

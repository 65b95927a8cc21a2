# The two commands of the README, `make sweep` and `make test`, and what they are made of.
# Everything is built in release mode, once: tests read `package` declarations and need no second build.

SWIFT ?= swift
BUILD := .build/release

.PHONY: sweep test fuzz soak build bundle manual install package test-bare test-package test-slurm test-ssh setup arm64 lint format clean

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

## Both programs, their manual pages, what shells complete, units and documents below PREFIX; DESTDIR stages them elsewhere.
install: PREFIX ?= /usr/local
install: build manual
	DESTDIR=$(DESTDIR) scripts/install $(PREFIX)

manual: setup
	$(SWIFT) build -c release --product manual-pages

## All of it as a tarball that needs nothing but glibc, and as a package of Debian: .build/packages
package: build manual
	scripts/package

## The worker's bundle in a Debian 12 that has nothing but its essential packages (made once, by debootstrap; needs root).
test-bare: build
	cluster/package/test-bare

## The package of Debian there: installed, run by hand, by its units under a systemd of its own and by the commands of
## Kubernetes' pods, and removed. Needs root.
test-package: package
	cluster/package/test-package
	cluster/kubernetes/test-pods || [ $$? = 77 ]

## A sweep over a real Slurm of three nodes on this machine, disturbed; the digest of a local run, and no job left.
test-slurm: bundle
	scripts/setup slurm-wlm munge
	cluster/slurm/test

## A sweep over three hosts by ssh, one of which dies and comes back: real sshd on ports of loopback.
test-ssh: bundle
	scripts/setup openssh-server openssh-client
	cluster/ssh/test

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

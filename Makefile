# U-Vote PKI. `make help` lists what there is; programs land in build/bin.
SHELL := /bin/sh
JOBS ?= $(shell nproc)
ELECTION ?= gnome_26
PREFIX ?= /usr/local
SECONDS ?= 60
.DEFAULT_GOAL := help
.PHONY: help demo build test bench fuzz docs check install clean setup

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup:
	@sh setup.sh build

build: setup ## build the programs into build/bin
	@cmake --preset release -DUVPKI_TESTS=OFF >build-configure.log 2>&1 || { cat build-configure.log; exit 1; }; rm -f build-configure.log
	@cmake --build --preset release -j $(JOBS)

demo: build ## run a real election end to end; ELECTION=2013_minneapolis_park for the large one
	@sh tools/demo/run-demo.sh $(ELECTION)

test: ## build everything and run all tests
	@sh setup.sh test
	@cmake --preset release -DUVPKI_TESTS=ON
	@cmake --build --preset release -j $(JOBS)
	@ctest --test-dir build/release --output-on-failure --no-tests=error -j $(JOBS) $(CTEST_ARGS)

bench: ## measure against the raw cryptography and against other programs; writes build/bench.json
	@sh setup.sh bench
	@cmake --preset release -DUVPKI_TESTS=ON >/dev/null
	@cmake --build --preset release -j $(JOBS) --target uvbench
	@build/bin/uvbench --json build/bench.json

fuzz: ## fuzz each reader of untrusted bytes for SECONDS (default 60)
	@sh setup.sh ci
	@sh tests/fuzz/run.sh $(SECONDS)

docs: ## write the API documentation of libuvpki to build/docs/api
	@sh setup.sh test
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target api_docs

check: ## the local gate: formatting, include rules, build, tests, tidy on changed files
	@sh tests/check.sh

install: build ## install programs, library, headers and documents below PREFIX (default /usr/local; DESTDIR honoured)
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"

clean: ## remove everything that was built
	@rm -rf build

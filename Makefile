# The two commands: `make demo` and `make test`. Everything else is what they are made of; the work is in tools/.
.DEFAULT_GOAL := help
.PHONY: help build demo test check generate bench wheel deb clean

help:
	@echo "make demo          install what is missing, build, train a real model and show its run"
	@echo "make test          pass the tests            make test RING=fast|unit|python|e2e|thread|fuzz|all (tools/README.md)"
	@echo "make build         build/bin/stoker and build/bin/stoker-supervisor"
	@echo "make check         format, tidy, floors, generated files"
	@echo "make generate      write the generated files anew"
	@echo "make bench         measure beside floors and peers (bench/README.md)"
	@echo "make wheel         dist/: a wheel with both programs inside; make deb: a Debian package"
	@echo "make clean         remove what was built and the demo's data"

build:
	@tools/setup build
	@tools/build release stoker stoker-supervisor

demo:
	@tools/demo

test:
	@tools/test $(or $(RING),default)

check:
	@tools/check

generate:
	@tools/generate --write

bench:
	@tools/setup bench
	@tools/build release stoker stoker-supervisor
	@bench/run $(ONLY)

wheel deb:
	@tools/package $@

clean:
	@tools/clean

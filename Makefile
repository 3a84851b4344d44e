# Everything runs in .venv, made by bootstrap.py with the first Python 3.11+ found here.
# On a machine without make: python bootstrap.py demo | test | test-full | bench | lock | clean
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14 python
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$p; break; fi; done)
TARGETS := demo docs install test test-full bench bench-full lock clean distclean

.DEFAULT_GOAL := help
.PHONY: help $(TARGETS)

help:
	@echo "make demo       install into .venv, run a shipped case, write its live page"
	@echo "make docs       build the documentation into build/docs"
	@echo "make test       style, types and tests, against the built wheel"
	@echo "make test-full  the same with the long corpora"
	@echo "make bench      measure, some ten minutes (never gates); make bench-full takes hours"
	@echo "make install    install into .venv only"
	@echo "make lock       choose new versions of all dependencies (needs uv)"
	@echo "make clean      remove what was built; make distclean also removes .venv"

$(TARGETS):
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is needed and was not found (Debian: apt install python3 python3-venv)" >&2; exit 1; fi
	@$(PYTHON) bootstrap.py $@

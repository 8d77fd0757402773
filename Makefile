# Two commands matter: `make demo` and `make test`. Everything else is a part of them.
VENV   := .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo up test lint lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## Set up .venv from the lock file

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## Run one real job through the whole stack: make demo [INPUT=file]
	@$(BIN)/python -m client_example.demo $(if $(INPUT),--input "$(INPUT)")

up: $(STAMP) ## Run the local AWS and all daemons until Ctrl-C
	@$(BIN)/cpe up

# In their own order the files that take long come first. By default those with few tests come last, and take
# longest: one process would work at them alone.
test: $(STAMP) ## Run all tests, those with real processes included
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: ## Renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" --upgrade -o requirements.lock

clean: ## Remove what make made
	rm -rf $(VENV) .cpe demo-output dist build

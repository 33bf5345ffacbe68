# make demo      heads tracked in the clip that comes with the project: an annotated video and a pose log in output/
# make test      lint, types and tests
# make picture   the README's picture, made anew from the demo
# make lock      resolve the dependencies of pyproject.toml anew into requirements.lock (needs uv)
# make clean     remove the environment and what the demo wrote
#
# PYTHON=/path/to/python3.11 chooses the interpreter that .venv is made with (3.10 to 3.12).

PYTHON ?=
UV ?= uv

VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/installed

.DELETE_ON_ERROR:
.PHONY: demo test picture lock clean

demo: $(INSTALLED)
	@mkdir -p output
	@$(RUN) run_live.py --source demo --no-display --overwrite --output output/demo.mp4 --poses output/demo.csv

test: $(INSTALLED)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest

picture: demo
	$(RUN) docs/demo_picture.py

$(INSTALLED): requirements.lock
	@$(FIND_PYTHON); \
	echo "Making $(VENV) with $$python; the first time this downloads about 1 GB."; \
	$$python -m venv --clear $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@touch $@

# The first interpreter of a version that all dependencies have wheels for, and that can make environments.
define FIND_PYTHON
for python in $(or $(PYTHON),python3 python3.12 python3.11 python3.10 python); do \
    $$python -c 'import ensurepip, sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null && break; \
    python=; \
done; \
if [ -z "$$python" ]; then \
    echo "error: no Python 3.10, 3.11 or 3.12 with venv found; install one (Debian: python3 python3-venv)" \
         "or name it: make PYTHON=/path/to/python3.11" >&2; \
    exit 1; \
fi
endef

lock:
	UV_PYTHON_DOWNLOADS=never $(UV) pip compile pyproject.toml --extra dev --extra train --universal \
	    --fork-strategy fewest --python-version 3.10 --no-annotate --no-header --output-file requirements.lock

clean:
	rm -rf $(VENV) output

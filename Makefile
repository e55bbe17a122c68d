# Everything a person or CI runs. Python 3.11 and make are all that is needed.
PYTHON ?= python3.11
SERVICE_ENV := .venv/service
DEV_ENV := .venv/dev
BENCH_ENV := .venv/bench

# Whatever the shell says: tests start the service hundreds of times, and its modules need not be compiled for each.
unexport PYTHONDONTWRITEBYTECODE

# What one target installs the next one needs, also under `make -j`.
.NOTPARALLEL:
.PHONY: serve setup test test-containers test-browser browser-tools lint lint-web clients format lock bench flagship flagship-recipe \
  need-data clean help

help:  ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp per environment: made again only when its locked requirements change. One of another Python, which may have been
# too old or be gone by now, is emptied: `venv` would leave its `bin/python` and install for the new one beside it.
# Byte code is made on every CPU; pip, on one, takes half a minute longer. None is made of a third of it that hardly anybody
# imports, such as the packages' own tests (mypy is compiled for the machine); what somebody does import is compiled then.
RARE := /(tests|pip|setuptools|mypy|mypyc|lexers)/
.venv/%/.ready: requirements/%.txt
	$(PYTHON) -m venv $$(test "$$($(PYTHON) -V)" = "$$(.venv/$*/bin/python -V 2>/dev/null)" || echo --clear) .venv/$*
	.venv/$*/bin/pip install --quiet --no-compile --disable-pip-version-check --require-hashes --requirement $<
	-.venv/$*/bin/python -m compileall -qq -j 0 -x '$(RARE)' .venv/$*/lib
	@touch $@

serve: $(SERVICE_ENV)/.ready  ## run the service on the shipped models (port 8000)
	$(SERVICE_ENV)/bin/python -m service

setup: $(DEV_ENV)/.ready  ## install what training and development need

test: $(DEV_ENV)/.ready  ## run every test, two files at a time
	$(DEV_ENV)/bin/python -m pytest -n 2 --dist loadfile

test-containers: $(DEV_ENV)/.ready  ## build and run the real images (CONTAINER_ENGINE=docker)
	$(DEV_ENV)/bin/python -m pytest -m containers tests/containers

# Other modules are not even imported, which takes 15 seconds.
test-browser: $(DEV_ENV)/.ready browser-tools lint-web  ## check the web client and run its tests in Chromium
	$(DEV_ENV)/bin/python -m pytest -n 2 --dist loadfile -m browser $$(grep -rl 'mark\.browser' tests --include='*.py')

browser-tools:  ## install what test-browser needs and this machine lacks: Chromium, Node, the linters
	@missing=; command -v chromium >/dev/null || missing=chromium; \
	command -v npm >/dev/null || missing="$$missing nodejs npm"; \
	if [ -n "$$missing" ]; then \
	  root=$$([ "$$(id -u)" = 0 ] || echo sudo -n); \
	  $$root apt-get update -q && $$root apt-get install -yq --no-install-recommends $$missing; fi
	@$(MAKE) --no-print-directory node_modules/.ready

lint: $(DEV_ENV)/.ready  ## style and types
	$(DEV_ENV)/bin/ruff check .
	$(DEV_ENV)/bin/ruff format --check .
	$(DEV_ENV)/bin/mypy

node_modules/.ready: package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

lint-web: node_modules/.ready  ## style and types of the web pages (needs Node 20)
	npm run --silent lint

clients: $(DEV_ENV)/.ready node_modules/.ready  ## generate the typed clients again after a change of the API
	$(DEV_ENV)/bin/python -m scripts.make_clients

format: $(DEV_ENV)/.ready  ## rewrite the code in the house style
	$(DEV_ENV)/bin/ruff format .
	$(DEV_ENV)/bin/ruff check --fix .

# The recipe of models/eye-shape/4, two runs that are averaged; docs/experiments.md says why each choice was made.
RECIPE := --size 80 --until block4 --head conv --heads 5 --hidden 64 --augment 16 --variation strong \
  --epochs 16 --batch 32 --learning-rate 1e-3 --schedule cosine --class-weights logits --logit-shares 0.75 \
  --soft-labels agreement --label-smoothing 0.05 --best last
TUNED := --unfreeze block3 --fine-tune-from start --fine-tune-rate 1e-4
BY := agreement source eye geometry
OUT ?= runs/flagship
TRAINING := $(DEV_ENV)/bin/python -m training

flagship: need-data $(DEV_ENV)/.ready  ## train, export and measure the eye-shape model again, 45 minutes (DATA=photos OUT=folder)
	$(TRAINING) thin $(DATA) --out $(OUT)/base.npz $(RECIPE)
	$(TRAINING) fit $(DATA) --out $(OUT)/first $(RECIPE) $(TUNED) --weights $(OUT)/base.npz
	$(TRAINING) fit $(DATA) --out $(OUT)/second $(RECIPE) $(TUNED) --weights $(OUT)/base.npz --seed 2
	$(TRAINING) export $(OUT)/first $(OUT)/second --to $(OUT)/float/eye-shape/4 --storage float16 \
	  --classes models/eye-shape/classes.csv --card-notes models/eye-shape/card-notes.md --by agreement source eye \
	  --golden models/eye-shape/1/golden/1.png models/eye-shape/1/golden/2.png \
	  --description "$$(cat models/eye-shape/description.txt)"
	$(TRAINING) quantize $(OUT)/float/eye-shape/4 $(DATA) --to $(OUT)/models/eye-shape/4
	for column in $(BY); do \
	  $(TRAINING) evaluate $(OUT)/models/eye-shape/4 $(DATA) --by $$column --out $(OUT)/measured/$$column || exit 1; done
	$(TRAINING) report $(OUT)/models/eye-shape/4 $(DATA) --out $(OUT)/report

flagship-recipe: need-data $(DEV_ENV)/.ready  ## cross-validate the recipe of one run on the training people, an hour (DATA=photos)
	$(TRAINING) thin $(DATA) --out $(OUT)/base.npz --overwrite $(RECIPE)
	$(TRAINING) crossvalidate $(DATA) --out $(OUT)/crossvalidation $(RECIPE) $(TUNED) --weights $(OUT)/base.npz --by agreement

need-data:
	@test -n "$(DATA)" || { echo "Expected DATA=<folder with train/, validation/ and labels.csv>."; exit 2; }

FULL_HOUSE = --with --clients 16 --seconds 3 --turns $(if $(findstring quick,$(BENCH)),4,12)
bench: $(BENCH_ENV)/.ready $(SERVICE_ENV)/.ready  ## measure every target of speed, 40 minutes (BENCH=--quick: 9)
	rm -f runs/bench/*.json
	$(BENCH_ENV)/bin/python -m benchmarks.footprint --python $(SERVICE_ENV)/bin/python
	$(BENCH_ENV)/bin/python -m benchmarks.service_overhead
	$(BENCH_ENV)/bin/python -m benchmarks.decoding
	$(BENCH_ENV)/bin/python -m benchmarks.comparison $(BENCH)
	$(BENCH_ENV)/bin/python -m benchmarks.comparison.paired --out runs/bench $(if $(findstring quick,$(BENCH)),--turns 4)
	$(BENCH_ENV)/bin/python -m benchmarks.comparison.paired --out runs/bench --name saturated $(FULL_HOUSE)
	$(BENCH_ENV)/bin/python -m benchmarks.comparison.paired --out runs/bench --name whole --model models/eye-shape/1 $(FULL_HOUSE)
	$(BENCH_ENV)/bin/python -m benchmarks.training_time $(if $(findstring quick,$(BENCH)),--train 80 --validation 40)
	-$(BENCH_ENV)/bin/python -m benchmarks.image_size
	$(BENCH_ENV)/bin/python -m benchmarks.targets

lock:  ## pin every dependency again, with hashes (needs uv)
	for name in dev training tracing service bench; do \
	  uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	    --no-emit-find-links requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done

clean:  ## remove the environments and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache

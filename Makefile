# Thin commands over tools/setup.sh, Meson and Ninja. `make help` lists them.
BUILD ?= build
ASAN = $(BUILD)/asan
DEMO = $(BUILD)/demo
PYTHON ?= /usr/bin/python3
# Continuous integration sets true: compiler warnings are errors.
export WERROR ?= false

.PHONY: help build demo test bench lint fmt install asan fuzz clean compile

help:
	@echo 'make demo     swap a face in the demo clip; results in $(DEMO)'
	@echo 'make test     run all tests'
	@echo 'make build    set up and compile'
	@echo 'make bench    measure named workloads, cache off and on (minutes)'
	@echo 'make asan     run the tests under AddressSanitizer and UBSan'
	@echo 'make fuzz     fuzz the ONNX loader for SECONDS (600)'
	@echo 'make lint     check format, layers, scripts and C'
	@echo 'make fmt      format the C sources'
	@echo 'make install  install the library, its headers and the command (PREFIX, DESTDIR)'
	@echo 'make clean    remove what was compiled; set-up downloads and the demo stay'

build:
	@tools/setup.sh --build-dir $(BUILD)
	@$(MAKE) --no-print-directory compile

compile: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	@meson setup $(BUILD) --buildtype release -Dwerror=$(WERROR) $(if $(PREFIX),--prefix $(PREFIX)) >$(BUILD)/configure.log \
		|| { tail -n 5 $(BUILD)/configure.log; exit 1; }

# Colour transfer would give the bronze the skin's colours back.
demo:
	@tools/setup.sh --build-dir $(BUILD) --demo
	@$(MAKE) --no-print-directory compile
	$(BUILD)/memoface swap -i $(DEMO)/clip.mp4 -m $(DEMO)/demo.dfm -o $(DEMO)/out.mp4 \
		--color-transfer none --overwrite --report $(DEMO)/report.json
	@$(PYTHON) tools/before_after.py $(DEMO)/clip.mp4 $(DEMO)/out.mp4 $(DEMO)/before-after.png
	@echo 'before and after: $(DEMO)/before-after.png'

test:
	@tools/setup.sh --build-dir $(BUILD) --dev --demo
	@$(MAKE) --no-print-directory compile
	@tools/run_tests.py $(BUILD)

bench:
	@tools/setup.sh --build-dir $(BUILD) --dev --demo
	@$(MAKE) --no-print-directory compile
	@bench/workloads.py $(BUILD) --json $(BUILD)/bench.json

asan:
	@tools/setup.sh --build-dir $(BUILD) --dev --demo
	@tools/asan_build.sh $(BUILD)
	@tools/run_tests.py $(ASAN)

fuzz:
	@tools/setup.sh --build-dir $(BUILD)
	@tools/fuzz.sh $(or $(SECONDS),600) $(BUILD)

lint:
	@tools/lint.sh

fmt:
	@tools/lint.sh --fix

install: build
	@meson install -C $(BUILD) --no-rebuild --quiet

clean:
	@if [ -d $(BUILD) ]; then find $(BUILD) -mindepth 1 -maxdepth 1 \
		! -name npm ! -name models ! -name demo -exec rm -rf {} +; fi

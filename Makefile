# make help lists what there is. Tests and checks use Debug, where the invariants are asserted; ./darkbloom uses Release.
.DEFAULT_GOAL := help
.PHONY: help build test check format soak conformance bench bench-transport failover clean up

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

build: ## build everything; a warning is an error
	dotnet build Darkbloom.sln --nologo

test: ## build, run every test, end with "N passed, N failed"
	@sh tests/run-tests.sh

check: ## formatting, then build and test: what a change must pass
	dotnet format whitespace Darkbloom.sln --verify-no-changes --no-restore
	@sh tests/run-tests.sh

format: ## bring the sources into the agreed form
	dotnet format Darkbloom.sln

# Debug, where the invariants are asserted, but optimized: in a folder of its own, beside what the tests run on.
soak: ## run 100,000 random sessions and 10,000,000 mangled packets; ARGS="seeds --from 17 --count 1" repeats one
	@dotnet run --project tests/Fuzz --artifacts-path artifacts/soak -p:Optimize=true -- $(ARGS)

conformance: ## compare with recorded exchanges and official clients; ARGS='--json FILE' writes the score there as well
	@dotnet run --project tests/Conformance -- $(ARGS)

bench: ## measure: ratios against named baselines; ONLY=packets, routes, latency, engine, throughput or memory
	@dotnet run --project bench --configuration Release -- goals $(if $(ONLY),--only $(ONLY))

bench-transport: ## measure the transport against named baselines; ARGS='--help' says more
	@dotnet run --project bench/Transport --configuration Release -- $(ARGS)

failover: ## take nodes away in the middle of answers and compare; KILLS=35 DRAINS=15 CANCELS=200, CONTINUE=yes adds to the last run
	@dotnet run --project bench --configuration Release -- failover $(if $(KILLS),--kills $(KILLS)) $(if $(DRAINS),--drains $(DRAINS)) $(if $(CANCELS),--cancels $(CANCELS)) $(if $(CONTINUE),--continue $(CONTINUE))

up: ## a whole mesh on this machine
	@./darkbloom up

clean: ## remove everything that was built
	rm -rf artifacts tests/artifacts src/artifacts bench/artifacts simulations/artifacts

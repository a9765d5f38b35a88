# The usual names for what scripts/ does, whose first lines say more.
.PHONY: build test check bench fuzz release help
.DEFAULT_GOAL := help

build: ## prngd and egdquery, static, in the current directory
	CGO_ENABLED=0 go build -trimpath -tags urfave_cli_no_docs -o . . ./cmd/egdquery

test: ## what everybody needs before a commit
	scripts/test

check: ## all there is, as CI runs it
	scripts/test --all

bench: ## what a reply costs
	scripts/bench

SECONDS ?= 12
fuzz: ## every fuzzer for SECONDS
	scripts/fuzz $(SECONDS)

release: ## everything that is published of VERSION, in dist/VERSION
	scripts/release $(VERSION)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST)

#!/usr/bin/env bash
# Checks the workflows and the changelog, and builds a release into build/release without
# publishing or signing it. The tools are installed into build/release-tools, from Go's proxy.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$PWD/build/release-tools
export PATH=$tools:$PATH
# pinned prints a version that the workflow names, so that it is defined there alone.
pinned() { sed -n "s/^ *$1: \(v[0-9.]*\)$/\1/p" .github/workflows/release.yml; }
install() { # NAME MODULE/PACKAGE VERSION
	[ -x "$tools/$1-$3" ] && return
	GOBIN=$tools go install "$2@$3"
	ln -f "$tools/$1" "$tools/$1-$3"
}
install actionlint github.com/rhysd/actionlint/cmd/actionlint v1.7.12
install goreleaser github.com/goreleaser/goreleaser/v2 "$(pinned version)"
install syft github.com/anchore/syft/cmd/syft "$(pinned syft-version)"

actionlint
echo "actionlint: no finding"
if grep -rnE '^ *(- )?uses: ' .github/workflows | grep -vE '@[0-9a-f]{40} # v[0-9]'; then
	echo "check: pin these actions by their commit, and say the version in a comment" >&2
	exit 1
fi
.github/notes.sh "v$(sed -n 's/^const Version = "\(.*\)"$/\1/p' wasm/contract/version.go)" >/dev/null
goreleaser check --config .github/goreleaser.yaml
goreleaser release --snapshot --clean --skip=sign --config .github/goreleaser.yaml
(cd build/release && sha256sum --quiet -c checksums.txt && ls -l -- *.tar.gz *.zip *.json checksums.txt)

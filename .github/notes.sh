#!/usr/bin/env bash
# notes.sh TAG: print the changelog's section of a release. It fails unless the tag is
# the version in wasm/contract/version.go and the changelog has a section of it.
set -euo pipefail
cd "$(dirname "$0")/.."

tag=${1:?usage: notes.sh TAG}
version=$(sed -n 's/^const Version = "\(.*\)"$/\1/p' wasm/contract/version.go)
if [ "$tag" != "v$version" ]; then
	echo "notes: the tag is $tag, and wasm/contract/version.go says $version; change one of them" >&2
	exit 1
fi
notes=$(awk -v head="## [$version]" 'index($0, "## [") == 1 || /^\[.*\]: / { on = index($0, head) == 1; next } on' .github/CHANGELOG.md)
if [ -z "${notes//[[:space:]]/}" ]; then
	echo "notes: .github/CHANGELOG.md has no section $version; add one" >&2
	exit 1
fi
echo "$notes"

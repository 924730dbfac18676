#!/usr/bin/env bash
# mutants.sh MODULE:TEST[:TEST...]...: changes src/MODULE.ts's JavaScript in many small ways and
# runs test/TEST.test.ts with each change (Stryker, with the test runner mutants-runner.mjs). It
# works on a copy, in ../build/mutants. The reports are build/mutants/www/MODULE.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

stryker=9.6.1
copy=../build/mutants
jobs=("$@")
((${#jobs[@]})) || jobs=(
	envelope:envelope record:record reader:reader framing:framing text:text
	config:config question:shared-tables:fetch confidences:confidences pieces:pieces
)
npx tsc -p test
rm -rf "$copy/www" && mkdir -p "$copy/www" "$copy/tools"
npm install --silent --no-audit --no-fund --prefix "$copy/tools" "@stryker-mutator/core@$stryker"
# The tests read fixtures of the rest of the repository.
for folder in wasm host; do ln -sfn "$PWD/../$folder" "$copy/$folder"; done
ln -s "$PWD/node_modules" "$copy/www/node_modules"
cp -r package.json README.md dist test test-build src scripts/mutants-runner.mjs "$copy/www/"
sed -i 's#"node:test"#"../mutants-runner.mjs"#' "$copy"/www/test-build/*.js

stryker=$PWD/$copy/tools/node_modules/.bin/stryker
cd "$copy/www"
for job in "${jobs[@]}"; do
	IFS=: read -r module tests <<<"$job"
	cat >stryker.json <<END
{
  "plugins": ["./mutants-runner.mjs"], "testRunner": "one-process", "inPlace": true, "concurrency": 2,
  "coverageAnalysis": "perTest", "timeoutMS": 10000,
  "oneProcess": { "tests": [$(sed 's/[^:]*/"test-build\/&.test.js"/g; s/:/, /g' <<<"$tests")] }, "warnings": { "unknownOptions": false, "slow": false },
  "mutate": ["dist/$module.js"], "reporters": ["clear-text"], "allowConsoleColors": false,
  "clearTextReporter": { "allowColor": false, "logTests": false }
}
END
	"$stryker" run stryker.json >"$module.txt" 2>&1 || { tail -20 "$module.txt" >&2; exit 1; }
	grep "^ $module.js" "$module.txt"
done

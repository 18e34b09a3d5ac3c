#!/usr/bin/env bash
# Rebuild mdm_adapter/assets/viewer/viewer.js, the script of the pages that play motion: our source and three.js in one
# file. Needs Node and npm, which nothing else here does; run it after a change in mdm_adapter/assets/viewer/source/.
set -euo pipefail
three=0.187.0 esbuild=0.28.2
viewer="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/mdm_adapter/assets/viewer"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp -r "$viewer/source" "$work/source"
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --save-exact "three@$three" "esbuild@$esbuild"
# The page is made of the file as it is: nothing in it may end its <script>. The first line says what it was made of.
sources="$(cat source/*.js | sha256sum | cut -c1-16)"
npx esbuild source/main.js --bundle --minify --format=iife --global-name=viewer --target=es2022 --charset=ascii --legal-comments=none \
    "--banner:js=/* motioncollage viewer; sources $sources; three $three (MIT) */" --outfile=viewer.js --log-level=warning
sed -i 's#</script#<\\/script#gI; s#<!--#\\x3c!--#g' viewer.js
cp viewer.js "$viewer/viewer.js"
cp node_modules/three/LICENSE "$viewer/LICENSE.three.txt"
wc -c "$viewer/viewer.js"

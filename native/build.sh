#!/bin/sh
# Makes the folder of native engine libraries and prints its path as "native-directory: <path>".
# Usage: build.sh <source folder> <output folder>
#
# The folder is named after the checksum of everything that goes into it and appears by one rename, so builds that
# run at once, and builds that are interrupted, never see half of it. Errors have MSBuild's format: one line each.
set -eu
source=$1
output=$2

fail() {
    printf 'native/build.sh : error DBLOOM%s: %s\n' "$1" "$2"
    [ -z "${stage:-}" ] || rm -rf "$stage"
    exit 1
}

system=$(uname -s)-$(uname -m)
case $system in
    Linux-x86_64) package=linux-x64 ; extension=so ;;
    Darwin-arm64) package=mac-arm64-metal ; extension=dylib ;;
    *) fail 01 "no prebuilt llama.cpp for $system: Linux x86_64 and macOS arm64 are supported" ;;
esac

key=$(find "$source/package-lock.json" "$source/build.sh" "$source/shim" "$source/vendor" -type f |
    LC_ALL=C sort | xargs cat | cksum | tr ' ' '-')
target=$output/llama-$package-$key
if [ -d "$target" ]; then
    echo "native-directory: $target"
    exit 0
fi

command -v npm >/dev/null 2>&1 || fail 02 "npm is missing: install Node.js 20 or newer (https://nodejs.org)"
compiler=
for candidate in "${CXX:-}" c++ g++ clang++; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then
        compiler=$candidate
        break
    fi
done
if [ -z "$compiler" ]; then
    case $system in
        Darwin-*) fail 03 "a C++ compiler is missing: run xcode-select --install" ;;
        *) fail 03 "a C++ compiler is missing: install g++ or clang++ (Debian, Ubuntu: apt install g++)" ;;
    esac
fi

mkdir -p "$output"
stage=$(mktemp -d "$output/stage.XXXXXX")
trap 'rm -rf "$stage"' EXIT INT TERM

echo "fetching llama.cpp for $package"
mkdir "$stage/packages"
cp "$source/package.json" "$source/package-lock.json" "$source/.npmrc" "$stage/packages/"
(cd "$stage/packages" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$stage/npm.log" 2>&1 ||
    fail 04 "npm ci failed, is the package registry reachable? $(tr '\n' ' ' <"$stage/npm.log" | cut -c1-400)"
libraries=$stage/packages/node_modules/@node-llama-cpp/$package/bins/$package
[ -d "$libraries" ] || fail 05 "npm did not install @node-llama-cpp/$package: its lock file or an omit setting is wrong"

mkdir "$stage/llama"
find "$libraries" -name '*.so' -o -name '*.dylib' | while read -r library; do cp "$library" "$stage/llama/"; done

echo "compiling the shim with $compiler"
vendor=$source/vendor/llama.cpp
set -- -O2 -std=c++17 -fPIC -fvisibility=hidden -I"$vendor/common" -I"$vendor/include" -I"$vendor/ggml/include" \
    "$source/shim/darkbloom_shim.cpp" "$stage/llama/libllama-common.$extension" "$stage"/llama/libllama.*"$extension"
if [ "$extension" = dylib ]; then
    set -- -dynamiclib "$@" -Wl,-rpath,@loader_path -install_name @rpath/libdarkbloom_shim.dylib
else
    set -- -shared "$@" -Wl,-rpath,"\$ORIGIN" -Wl,--no-undefined
fi
"$compiler" "$@" -o "$stage/llama/libdarkbloom_shim.$extension" >"$stage/compiler.log" 2>&1 ||
    fail 06 "$compiler could not compile the shim: $(grep -m1 -i error "$stage/compiler.log" | cut -c1-400)"

# ggml is llama.cpp's: one copy of it serves both, with every processor variant, and Metal on a Mac.
echo "compiling whisper.cpp with $compiler"
whisper=$source/vendor/whisper.cpp
set -- -O2 -std=c++17 -fPIC -DWHISPER_VERSION='"1.9.1"' -DWHISPER_SHARED -DWHISPER_BUILD -DGGML_SHARED -DGGML_BACKEND_SHARED \
    -DGGML_BACKEND_DL -I"$whisper/include" -I"$whisper/src" -I"$whisper/ggml/include" -I"$vendor/ggml/include" \
    "$source/shim/darkbloom_whisper.cpp"
if [ "$extension" = dylib ]; then
    # A Core ML encoder beside the model's file is used when it is there.
    set -- -dynamiclib -fobjc-arc -DWHISPER_USE_COREML -DWHISPER_COREML_ALLOW_FALLBACK "$@" \
        "$whisper/src/coreml/whisper-encoder.mm" "$whisper/src/coreml/whisper-encoder-impl.m" "$whisper/src/coreml/whisper-compat.m" \
        -framework Foundation -framework CoreML -Wl,-rpath,@loader_path -install_name @rpath/libwhisper.dylib
else
    set -- -shared "$@" -Wl,-rpath,"\$ORIGIN" -Wl,--no-undefined
fi
"$compiler" "$@" "$stage"/llama/libggml.*"$extension" "$stage/llama/libggml-base.$extension" -o "$stage/llama/libwhisper.$extension" \
    >"$stage/compiler.log" 2>&1 ||
    fail 08 "$compiler could not compile whisper.cpp: $(grep -m1 -i error "$stage/compiler.log" | cut -c1-400)"

# Whoever comes second finds the same files already there.
mv "$stage/llama" "$target" 2>/dev/null || [ -d "$target" ] || fail 07 "cannot write $target"
rm -rf "$target/llama"
echo "native-directory: $target"

#!/bin/sh
# Builds the solution, runs each test project, prints a line for each and ends with the sum over all of them:
#   N passed, N failed            or, if some were skipped:   N passed, N failed, N skipped
# Usage: run-tests.sh [--no-build] [project...]      Fails if a test failed, a project ended abnormally, or nothing ran.
set -u
cd "$(dirname "$0")/.." || exit 1

results=artifacts/test-results
hang_timeout=4min

build=yes
if [ "${1:-}" = --no-build ]; then
    build=no
    shift
fi

if [ $# -eq 0 ]; then
    for project in tests/*/*.Tests.csproj; do
        set -- "$@" "$project"
    done
fi

if [ $build = yes ]; then
    echo "Building…"
    if ! dotnet build Darkbloom.sln --nologo --verbosity quiet -clp:NoSummary </dev/null; then
        echo "The build failed."
        echo "0 passed, 1 failed"
        exit 1
    fi
fi

# counter FILE NAME: one attribute of the results file's sum.
counter() {
    sed -n "s/.*<Counters[^>]* $2=\"\([0-9]*\)\".*/\1/p" "$1" | head -n 1
}

passed=0
failed=0
skipped=0
rm -rf "$results"
mkdir -p "$results"
for project in "$@"; do
    name=$(basename "$project" .csproj)
    log=$results/$name.log
    started=$(date +%s)
    dotnet test "$project" --no-build --nologo --logger "trx;LogFileName=$name.trx" --results-directory "$results" \
        --blame-hang-timeout $hang_timeout --blame-hang-dump-type none </dev/null >"$log" 2>&1
    code=$?
    seconds=$(($(date +%s) - started))

    project_total=0
    project_executed=0
    project_passed=0
    if [ -f "$results/$name.trx" ]; then
        project_total=$(counter "$results/$name.trx" total)
        project_executed=$(counter "$results/$name.trx" executed)
        project_passed=$(counter "$results/$name.trx" passed)
    fi
    project_failed=$((${project_executed:-0} - ${project_passed:-0}))
    project_skipped=$((${project_total:-0} - ${project_executed:-0}))

    # A test host that crashed or hung leaves fewer results behind than tests, and no failed one among them.
    remark=
    if [ $code -ne 0 ] && [ $project_failed -eq 0 ]; then
        project_failed=1
        remark=' (ended abnormally)'
    elif [ "${project_executed:-0}" -eq 0 ]; then
        project_failed=1
        remark=' (no test ran)'
    fi

    printf '%-20s %5d passed %4d failed %4d skipped %5d s%s\n' \
        "$name" "${project_passed:-0}" $project_failed $project_skipped $seconds "$remark"
    [ $project_failed -eq 0 ] || sed 's/^/    /' "$log" | tail -n 200
    passed=$((passed + ${project_passed:-0}))
    failed=$((failed + project_failed))
    skipped=$((skipped + project_skipped))
done

summary="$passed passed, $failed failed"
[ $skipped -eq 0 ] || summary="$summary, $skipped skipped"
echo "$summary"
[ $failed -eq 0 ] && [ $passed -gt 0 ]

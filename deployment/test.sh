# Sourced by ./backstay: all tests of all modules, their tools, and one honest closing line.

readonly tools_file=$root/deployment/test-tools.txt

# Sets missing_tools and missing_packages from test-tools.txt.
find_missing_tools() {
  local tool package
  missing_tools=() missing_packages=()
  while read -r tool package; do
    [[ -z $tool || $tool == \#* ]] && continue
    PATH=$PATH:/usr/sbin:/sbin type -P "$tool" >/dev/null && continue
    missing_tools+=("$tool")
    [[ " ${missing_packages[*]-} " == *" $package "* ]] || missing_packages+=("$package")
  done <"$tools_file"
}

require_tools() {
  find_missing_tools
  if ((${#missing_tools[@]})) && root_on_debian; then
    say "installing the tools that tests use: ${missing_packages[*]}"
    apt_install "${missing_packages[@]}" >/dev/null 2>&1 ||
      { apt-get update -q >/dev/null 2>&1 && apt_install "${missing_packages[@]}" >/dev/null 2>&1; } ||
      say "apt-get could not install all of them"
    find_missing_tools
  fi
  if ((${#missing_tools[@]})); then
    say "!!! MISSING TOOLS: ${missing_tools[*]} (Debian packages: ${missing_packages[*]}); the tests that need them are SKIPPED"
  fi
}

require_temporal() {
  local binary
  if binary=$("$root/deployment/temporal/install.sh"); then
    export BACKSTAY_TEMPORAL=$binary
  else
    say "!!! NO TEMPORAL SERVER (see above); the tests that need it are SKIPPED"
  fi
}

# Prints "PASSED FAILED SKIPPED" summed over the reports newer than file $1.
count_results() {
  find "$root" -maxdepth 4 -path '*/target/surefire-reports/TEST-*.xml' -newer "$1" -exec cat {} + 2>/dev/null | awk '
    function number(name) { return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) + 0 : 0 }
    /<testsuite / { head = 1 }
    head { tests += number("tests"); bad += number("errors") + number("failures"); skipped += number("skipped") }
    head && />/ { head = 0 }
    END { print tests - bad - skipped, bad + 0, skipped + 0 }'
}

run_tests() {
  local long=false log=$app_root/test.log began=$SECONDS code=0 start passed failed skipped
  case ${1:-} in
    "") ;;
    --long) long=true ;;
    *) die 2 "usage: backstay test [--long]   (one test: mvn -pl MODULE -am test -Dtest=NAME)" ;;
  esac
  require_app ""
  require_tools
  require_temporal
  java_major "$java_home"
  prepare_maven
  export BACKSTAY_NO_BUILD=1 # tests that start ./backstay run what is built now
  # Servers that live for a minute would spend half of it on compiling what they need once.
  export BACKSTAY_JAVA_OPTS="${BACKSTAY_JAVA_OPTS--XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=4}"
  start=$(mktemp)
  lock
  say "checking the format"
  "${mvn[@]}" -q spotless:check >"$log" 2>&1 || {
    code=1
    say "!!! the format is not the house's (mvn spotless:apply mends it):"
    grep -hoE 'src/[^ ]+\.java' "$log" | sort -u >&2 || tail -n 20 "$log" >&2
  }
  say "running all tests (long: $long; log: $log)"
  # A failed test does not keep the other modules from being tested; the reports decide about the exit code.
  set +e
  # backstay.launcher: servers of a test start from what was built above, with its caches, and not from class files.
  "${mvn[@]}" -Dspotless.check.skip=true -Dmaven.test.failure.ignore=true -Dbackstay.long=$long \
    -Dbackstay.launcher="$launcher" -Dbackstay.home="$java_home" verify 2>&1 | tee "$log" |
    grep --line-buffered -E '^\[(INFO|WARNING|ERROR)\] (Tests run:|Building Backstay |BUILD )|^\[ERROR\] ( |Failed|Tests|/)|SEED|seed=' >&2
  [[ ${PIPESTATUS[0]} == 0 ]] || code=1
  set -e
  read -r passed failed skipped < <(count_results "$start")
  rm -f "$start"
  ((passed + failed > 0)) || code=1
  ! grep -qE 'There was a timeout|forked VM terminated|Crashed tests' "$log" || code=1
  exec 9>&-
  ((code == 0)) || say "the build did not end well: see above and $log"
  printf 'tests took %d min %d s\n%d passed, %d failed, %d skipped\n' \
    $(((SECONDS - began) / 60)) $(((SECONDS - began) % 60)) "$passed" "$failed" "$skipped"
  ((code == 0 && failed == 0)) || exit 1
}

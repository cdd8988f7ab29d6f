#!/bin/sh
# Installs what only `make test-all` needs of the system, as root on Debian and Ubuntu; says what it leaves out elsewhere.
set -eu
wanted=''
command -v bwrap >/dev/null 2>&1 || wanted="$wanted bubblewrap"
command -v proot >/dev/null 2>&1 || wanted="$wanted proot"
command -v strace >/dev/null 2>&1 || wanted="$wanted strace"
command -v ip >/dev/null 2>&1 || wanted="$wanted iproute2"
command -v npm >/dev/null 2>&1 || wanted="$wanted npm"
[ -n "$wanted" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    printf 'stepmill: not installed, so their tests are skipped:%s\n' "$wanted" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
printf 'stepmill: installing%s\n' "$wanted" >&2
# shellcheck disable=SC2086 - a list of words
apt-get install -y -qq --no-install-recommends $wanted >/dev/null 2>&1 ||
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted >/dev/null; }

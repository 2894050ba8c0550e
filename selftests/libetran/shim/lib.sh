# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the preload-* suites: unmodified programs on h1 and h2, over eTran or not.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=selftests/ktap.sh
. "$top/selftests/ktap.sh"
# shellcheck source=selftests/etran.sh
. "$top/selftests/etran.sh"
# shellcheck disable=SC2034
tests=$top/.output/selftests
dir=$(mktemp -d)
cd "$dir" || exit 1

# etran HOST CMD...: a program whose TCP sockets are eTran's or fail
etran() { local h=$1; shift; "$h" etranctl run --require -- "$@"; }

# linux HOST CMD...
linux() { local h=$1; shift; "$h" "$@"; }

# wait_port HOST PORT: until something listens there, eTran or not: both hold
# the port with a kernel socket
wait_port() { wait_for 30 "$1" bash -c "(exec 3<> /dev/tcp/10.0.0.${1#h}/$2) 2>/dev/null || ss -Hltn | grep -q :$2"; }

# ktap LABEL CMD...: tests of a program that prints KTAP itself
ktap()
{
	local label=$1 line n=0 planned='' rc=0
	shift

	"$@" > "$dir/ktap" 2>&1 || rc=$?
	while IFS= read -r line; do
		case $line in
		"ok "*)		ok "$label ${line#* - }"; n=$((n + 1)) ;;
		"not ok "*)	not_ok "$label ${line#* - }"; n=$((n + 1)) ;;
		1..*)		planned=${line#1..} ;;
		KTAP*)		;;
		*)		echo "# ${line#\# }" ;;
		esac
	done < "$dir/ktap"
	if [ "$planned" = "$n" ] && [ $n -gt 0 ] && [ $rc -le 1 ]; then
		ok "$label runs to its end"
	else
		not_ok "$label runs to its end (status $rc)"
	fi
}

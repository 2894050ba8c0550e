# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# KTAP for suites written in bash: source this, call tests, end with "finish".
#
#	check "redis answers" redis-cli ping
#	if [ "$a" = "$b" ]; then ok "same"; else not_ok "same: $a, not $b"; fi
#	skip "two NICs" "this VM has one"
#	finish
#
# The plan is printed last; a suite that dies before has none and fails. A
# comment behind a test says how long it took, if that was long.

echo "KTAP version 1"
ktap_n=0
ktap_failed=0

ktap_at=${EPOCHREALTIME/[.,]/}

ktap_time()
{
	local now=${EPOCHREALTIME/[.,]/}

	[ $((now - ktap_at)) -lt 500000 ] ||
		printf '# %d.%d s\n' $(((now - ktap_at) / 1000000)) $(((now - ktap_at) / 100000 % 10))
	ktap_at=$now
}

ok()
{
	echo "ok $((++ktap_n)) - $1"
	ktap_time
}

skip() { echo "ok $((++ktap_n)) - $1 # SKIP $2"; }

not_ok()
{
	echo "not ok $((++ktap_n)) - $1"
	ktap_time
	ktap_failed=1
}

# check NAME CMD...: the test passes when CMD does; its output is shown, as
# comments, when it does not.
check()
{
	local name=$1 out rc=0
	shift

	out=$("$@" 2>&1) || rc=$?
	if [ "$rc" -eq 0 ]; then
		ok "$name"
	else
		not_ok "$name"
		printf '%s\n' "exit status $rc" "$out" | tail -n 30 | sed 's/^/# /'
	fi
	return 0
}

# wait_for SECONDS CMD...: until CMD succeeds; never sleep for luck.
wait_for()
{
	local end=$((SECONDS + $1))
	shift

	until "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

finish()
{
	echo "1..$ktap_n"
	exit $ktap_failed
}

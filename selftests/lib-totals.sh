# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Count the tests of one part (style, unit, vm) into .output/totals/PART.
#
#	begin PART; count NAME KTAP-FILE EXIT-STATUS [TIME]...; end
#
# Until "end" the file has what was counted so far, and one failure more: that
# the part did not end.

# shellcheck disable=SC2154 # the caller knows where it is
top=$(cd "$here/.." && pwd)
logs=$top/.output/logs
totals=$top/.output/totals
mkdir -p "$logs" "$totals"

begin()
{
	part=$1
	passed=0 failed=0 skipped=0
	add 0 0 0
}

add()				# PASSED FAILED SKIPPED
{
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
	echo "$passed $((failed + 1)) $skipped" > "$totals/$part"
}

# What a failure looked like: a CI record keeps the output, not the logs.
excerpt()			# FILE
{
	awk '/^not ok/ { n = 12 } n-- > 0' "$1" | head -n 60
	echo ...
	tail -n 8 "$1"
}

# A program that fails without a failed test is a failed test.
count()				# NAME FILE STATUS [NOTE]
{
	local p f s head rest

	rest=$("$here/ktap-count" "$2")
	head=${rest%%$'\n'*}
	rest=${rest:${#head}}
	read -r p f s <<< "$head"
	if [ "$3" -ne 0 ] && [ "$f" -eq 0 ]; then
		f=1
		rest="$rest"$'\n'"failed: exit status $3"
	fi
	printf '%-4s %-28s %3d passed %3d failed %3d skipped%s\n' \
		"$([ "$f" -eq 0 ] && echo ok || echo FAIL)" "$1" \
		"$p" "$f" "$s" "${4:+  $4}"
	[ -z "$rest" ] || sed 's/^/       /' <<< "${rest#$'\n'}"
	if [ "$f" -ne 0 ]; then
		echo "       see ${2#"$top/"}"
		excerpt "$2" | cut -c 1-200 | sed 's/^/       | /'
	fi
	add "$p" "$f" "$s"
}

end()
{
	[ $((passed + failed + skipped)) -gt 0 ] || failed=1
	echo "$passed $failed $skipped" > "$totals/$part"
	echo "$part: $passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the tcp-* suites: streams between h1 and h2, over eTran or over Linux.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=selftests/ktap.sh
. "$top/selftests/ktap.sh"
# shellcheck source=selftests/etran.sh
. "$top/selftests/etran.sh"
stream_bin=$top/.output/selftests/tcp/stream
dir=$(mktemp -d)
port=7000
server_ip=10.0.0.2

# side KIND: the switch for "etran" or "linux"
side() { [ "$1" = etran ] || echo --linux; }

# serve KIND ARG...: a server on h2; $server_pid, its output in $dir/server
serve()
{
	local kind=$1
	shift

	port=$((port + 1))
	: > "$dir/server"
	: > "$dir/client"
	# shellcheck disable=SC2046
	h2 "$stream_bin" $(side "$kind") --listen "$@" $server_ip $port \
		> "$dir/server" 2>&1 &
	server_pid=$!
	wait_for 30 grep -q listening "$dir/server"
}

# client KIND ARG...: a client on h1
client()
{
	local kind=$1
	shift

	# shellcheck disable=SC2046
	h1 "$stream_bin" $(side "$kind") "$@" $server_ip $port
}

# ends NAME SECONDS PID: a process that was started here ends, with success.
# Not for check: only this shell can wait for its children.
ends()
{
	local rc=0

	if ! wait_for "$2" bash -c "! kill -0 $3"; then
		kill -KILL "$3"
		echo "# it does not end"
	fi
	wait "$3" || rc=$?
	if [ $rc -eq 0 ]; then
		ok "$1"
	else
		not_ok "$1"
	fi
	sed 's/^/# client: /' "$dir/client"
	sed 's/^/# server: /' "$dir/server"
}

# transfer NAME CLIENT SERVER ARG...: a stream whose every byte arrives
transfer()
{
	local name=$1 from=$2 to=$3
	shift 3

	serve "$to" "$@"
	if client "$from" "$@" > "$dir/client" 2>&1; then
		ends "$name" 120 $server_pid
	else
		kill -KILL $server_pid
		ends "$name" 120 $server_pid
	fi
}

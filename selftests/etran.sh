# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What etranctl says, for suites; and whether it says all of it:
#
#	packets that B's NIC received = sent by A's egress + gen + etrand
#
# exactly, while nothing else is on the link (quiet) and nothing gets lost.

# number HOST KEY: a number of etranctl's status, 0 if it is not there; a key
# may be "transports.0.counters.sent"
number()
{
	"$1" etranctl -j status | jq -r --arg key "$2" \
		'getpath($key | split(".") | map(tonumber? // .)) // 0'
}

# start_etrand HOST: again; it stays when the suite is over
start_etrand()
{
	"$1" setsid sh -c 'exec etrand --nic eth0 >> /run/etran/etrand.log 2>&1' &
}

# quiet: h1 and h2 ask for no addresses and speak no IPv6
quiet()
{
	local a b=h2

	for a in h1 h2; do
		"$b" ip neigh replace "10.0.0.${a#h}" dev eth0 nud permanent \
			lladdr "$("$a" cat /sys/class/net/eth0/address)"
		"$a" sh -c 'echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6'
		b=$a
	done
}

# sent_by HOST: egress, gen, etrand; and the kernel, which should not
sent_by()
{
	local kernel lo

	"$1" etranctl -j status | jq -r '.transports[0].counters as $c |
		"\($c.sent) \($c.gen_sent) \(.nics[0].sent)"'
	# OutTransmits is the last one
	kernel=$("$1" awk '/^Ip: [0-9]/ { print $NF }' /proc/net/snmp)
	lo=$("$1" cat /sys/class/net/lo/statistics/tx_packets)
	echo $((kernel - lo))
}

# Sets $sent and $received: what A sent so far, and B's NIC received.
count_wire()			# A B
{
	mapfile -t sent < <(sent_by "$1" | tr ' ' '\n')
	# igb forgets what a ring received when its socket goes; what it had no
	# room for did arrive
	# shellcheck disable=SC2016
	received=$("$2" sh -c 'cd /sys/class/net/eth0/statistics &&
		hw=$(ethtool -S eth0 2>/dev/null |
			sed -n "s/^ *rx_packets: //p") &&
		echo $((${hw:-$(cat rx_packets)} + $(cat rx_missed_errors)))')
}

# as_counted A B CMD...: CMD, then a test that each packet from A to B was
# counted once, and that none is the kernel's. With $kernel_too the kernel may
# send: resets from ports where nobody listens.
as_counted()
{
	local a=$1 b=$2 sent received first got sum i what=
	shift 2

	count_wire "$a" "$b"
	first=("${sent[@]}" "$received")
	"$@"
	# What was last may still be on its way.
	for ((i = 0; i < 10; i++)); do
		[ $i -eq 0 ] || sleep 0.5
		count_wire "$a" "$b"
		got=$((received - first[4]))
		sum=$((sent[0] + sent[1] + sent[2] - first[0] - first[1] - first[2]))
		what="egress $((sent[0] - first[0])), gen $((sent[1] - first[1]))"
		what="$what, etrand $((sent[2] - first[2])), kernel $((sent[3] - first[3]))"
		[ -z "${kernel_too:-}" ] || sum=$((sum + sent[3] - first[3]))
		if [ $sum -eq $got ]; then
			ok "$b received $got packets: $what of $a"
			return
		fi
	done
	not_ok "$b received $got packets: $what of $a"
}

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What etranctl says, for suites; and whether it says all of it:
#
#	packets on the wire from A to B = sent by A's egress + gen + etrand
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

# dev_stat HOST DEVICE NAME: a counter of the device, 0 if there is no such
dev_stat()
{
	"$1" cat "/sys/class/net/$2/statistics/$3" 2> /dev/null || echo 0
}

# sent_by HOST: egress, gen, etrand; and the kernel, which should send nothing
# but resets: how many packets in all, how many resets
sent_by()
{
	local kernel lo

	"$1" etranctl -j status | jq -r '.transports[0].counters as $c |
		"\($c.sent) \($c.gen_sent) \(.nics[0].sent)"'
	# OutTransmits is the last one
	kernel=$("$1" awk '/^Ip: [0-9]/ { print $NF }' /proc/net/snmp)
	lo=$(dev_stat "$1" lo tx_packets)
	echo $((kernel - lo))
	# Tcp: OutRsts
	"$1" awk '/^Tcp: [0-9]/ { print $15 }' /proc/net/snmp
}

# Sets $sent and $wire: what A sent so far, and what the link saw of it
count_wire()			# A B
{
	mapfile -t sent < <(sent_by "$1" | tr ' ' '\n')
	# igb counts in hardware what it sent; the one at the other end loses
	# some of a burst, and forgets what a ring received when its socket goes.
	wire=$("$1" ethtool -S eth0 2> /dev/null | sed -n 's/^ *tx_packets: //p')
	[ -z "$wire" ] || return
	# veth: a queue that is full when the machine is busy
	wire=$(($(dev_stat "$2" eth0 rx_packets) + $(dev_stat "$1" eth0 tx_dropped)))
	! command -v sw > /dev/null ||
		wire=$((wire + $(dev_stat sw "p${2#h}" tx_dropped)))
}

# as_counted A B CMD...: CMD, then a test that each packet from A to B was
# counted once, and that the kernel sent none of its own; but resets it may, as
# to a segment that comes again when its connection is no more.
as_counted()
{
	local a=$1 b=$2 sent wire first now i k sum what=
	shift 2

	count_wire "$a" "$b"
	first=("${sent[@]}" "$wire")
	"$@"
	# What was last may still be on its way.
	for ((i = 0; i < 10; i++)); do
		[ $i -eq 0 ] || sleep 0.5
		count_wire "$a" "$b"
		now=("${sent[@]}" "$wire")
		for k in "${!now[@]}"; do
			now[k]=$((now[k] - first[k]))
		done
		# Those on the loopback device do not count.
		[ "${now[4]}" -le "${now[3]}" ] || now[4]=${now[3]}
		sum=$((now[0] + now[1] + now[2] + now[4]))
		what="egress ${now[0]}, gen ${now[1]}, etrand ${now[2]}"
		what="$what, kernel ${now[3]}, resets ${now[4]}"
		if [ $sum -eq "${now[5]}" ]; then
			ok "${now[5]} packets from $a to $b: $what"
			return
		fi
	done
	not_ok "${now[5]} packets from $a to $b: $what"
}

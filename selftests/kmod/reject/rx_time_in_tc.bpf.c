// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("tc")
REFUSED("calling kernel function bpf_etran_rx_timestamp is not allowed")
int rx_time_in_tc(struct __sk_buff *skb)
{
	__u64 ns;

	return bpf_etran_rx_timestamp((struct xdp_md *)skb, &ns);
}

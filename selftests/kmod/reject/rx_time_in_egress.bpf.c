// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("calling kernel function bpf_etran_rx_timestamp is not allowed")
int BPF_PROG(rx_time_in_egress, struct etran_pkt *pkt)
{
	__u64 ns;

	return bpf_etran_rx_timestamp(NULL, &ns);
}
EGRESS(rx_time_in_egress);

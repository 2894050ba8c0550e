// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("calling kernel function bpf_etran_rx_csum is not allowed")
int BPF_PROG(rx_csum_in_egress, struct etran_pkt *pkt)
{
	return bpf_etran_rx_csum(NULL, 0, 14, 0) ? ETRAN_SEND : ETRAN_DROP;
}
EGRESS(rx_csum_in_egress);

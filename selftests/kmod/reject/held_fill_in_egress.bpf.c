// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("calling kernel function bpf_etran_held_csum_fill is not allowed")
int BPF_PROG(held_fill_in_egress, struct etran_pkt *pkt)
{
	return bpf_etran_held_csum_fill(NULL, 34, 16);
}
EGRESS(held_fill_in_egress);

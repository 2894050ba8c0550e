// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("calling kernel function bpf_etran_drain is not allowed")
int BPF_PROG(drain_in_egress, struct etran_pkt *pkt)
{
	return bpf_etran_drain(&queue, 0, 1) ? ETRAN_SEND : ETRAN_DROP;
}
EGRESS(drain_in_egress);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("calling kernel function bpf_etran_dequeue is not allowed")
int BPF_PROG(dequeue_in_egress, struct etran_pkt *pkt)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, 0);

	if (held)
		bpf_etran_drop(held);
	return ETRAN_SEND;
}
EGRESS(dequeue_in_egress);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("calling kernel function bpf_etran_dequeue_due is not allowed")
int BPF_PROG(dequeue_due_in_egress, struct etran_pkt *pkt)
{
	struct etran_held *held = bpf_etran_dequeue_due(&queue);

	return held ? ETRAN_SEND : ETRAN_DROP;
}
EGRESS(dequeue_due_in_egress);

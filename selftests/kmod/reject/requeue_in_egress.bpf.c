// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("calling kernel function bpf_etran_requeue is not allowed")
int BPF_PROG(requeue_in_egress, struct etran_pkt *pkt)
{
	bpf_etran_requeue(NULL, &queue, 0);
	return ETRAN_SEND;
}
EGRESS(requeue_in_egress);

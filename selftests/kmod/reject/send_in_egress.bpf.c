// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("calling kernel function bpf_etran_send is not allowed")
int BPF_PROG(send_in_egress, struct etran_pkt *pkt)
{
	bpf_etran_send(NULL);
	return ETRAN_SEND;
}
EGRESS(send_in_egress);

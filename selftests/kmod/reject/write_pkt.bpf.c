// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("only read is supported")
int BPF_PROG(write_pkt, struct etran_pkt *pkt)
{
	pkt->tenant = 1;
	return ETRAN_SEND;
}
EGRESS(write_pkt);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("expected STRUCT etran_pkt")
int BPF_PROG(fill_foreign_pkt, struct etran_pkt *pkt)
{
	struct etran_pkt mine = {};

	return bpf_etran_pkt_csum_fill(&mine, 34, 16);
}
EGRESS(fill_foreign_pkt);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("expected STRUCT etran_pkt")
int BPF_PROG(csum_of_foreign_pkt, struct etran_pkt *pkt)
{
	struct etran_pkt mine = { .len = 14 };

	return bpf_etran_pkt_csum(&mine, 0, 14, 0) ? ETRAN_SEND : ETRAN_DROP;
}
EGRESS(csum_of_foreign_pkt);

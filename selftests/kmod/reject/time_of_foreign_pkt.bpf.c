// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("expected STRUCT etran_pkt")
int BPF_PROG(time_of_foreign_pkt, struct etran_pkt *pkt)
{
	struct etran_pkt mine = {};
	__u64 ns;

	return bpf_etran_pkt_tx_timestamp(&mine, &ns);
}
EGRESS(time_of_foreign_pkt);

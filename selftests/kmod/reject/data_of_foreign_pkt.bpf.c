// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("expected STRUCT etran_pkt")
int BPF_PROG(data_of_foreign_pkt, struct etran_pkt *pkt)
{
	struct etran_pkt mine = { .len = 14 };
	__u8 *data = bpf_etran_pkt_data(&mine, 0, 14);

	return data ? data[0] : ETRAN_DROP;
}
EGRESS(data_of_foreign_pkt);

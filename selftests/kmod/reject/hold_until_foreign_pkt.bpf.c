// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("expected STRUCT etran_pkt")
int BPF_PROG(hold_until_foreign_pkt, struct etran_pkt *pkt)
{
	struct etran_pkt mine = {};
	struct etran_priv priv = {};

	return bpf_etran_hold_until(&mine, &queue, 0, &priv, 0);
}
EGRESS(hold_until_foreign_pkt);

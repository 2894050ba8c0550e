// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("invalid read from stack R4")
int BPF_PROG(hold_with_short_priv, struct etran_pkt *pkt)
{
	__u64 priv = 0;

	return bpf_etran_hold(pkt, &queue, 0, (struct etran_priv *)&priv);
}
EGRESS(hold_with_short_priv);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/egress")
REFUSED("expected STRUCT bpf_map or map_ptr")
int BPF_PROG(hold_into_no_map, struct etran_pkt *pkt)
{
	struct etran_priv priv = {};

	return bpf_etran_hold(pkt, &priv, 0, &priv);
}
EGRESS(hold_into_no_map);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

/* The counterpart: what may be done under the lock is accepted. */
SEC("struct_ops/egress")
ACCEPTED
int BPF_PROG(under_lock, struct etran_pkt *pkt)
{
	struct etran_priv priv = {};
	__u32 zero = 0;
	struct guard *g = bpf_map_lookup_elem(&guards, &zero);
	__u8 *data;
	int ret;

	if (!g)
		return ETRAN_DROP;
	bpf_spin_lock(&g->lock);
	data = bpf_etran_pkt_data(pkt, 0, 14);
	if (data)
		data[0] = bpf_etran_pkt_csum(pkt, 0, 14, 0);
	ret = bpf_etran_hold(pkt, &queue, 0, &priv);
	bpf_etran_timer_arm(0, 0);
	bpf_etran_gen_request(1, pkt->ifindex);
	bpf_spin_unlock(&g->lock);
	return ret ? ETRAN_DROP : ETRAN_HOLD;
}
EGRESS(under_lock);

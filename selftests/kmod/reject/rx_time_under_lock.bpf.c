// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

/* A driver may take a lock of its own for its clock. */
SEC("xdp")
REFUSED("function calls are not allowed while holding a lock")
int rx_time_under_lock(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct guard *g = bpf_map_lookup_elem(&guards, &zero);
	__u64 ns;

	if (!g)
		return XDP_DROP;
	bpf_spin_lock(&g->lock);
	bpf_etran_rx_timestamp(ctx, &ns);
	bpf_spin_unlock(&g->lock);
	return XDP_DROP;
}

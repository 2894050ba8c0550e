// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("xdp")
REFUSED("calling kernel function bpf_etran_dequeue is not allowed")
int dequeue_in_xdp(struct xdp_md *ctx)
{
	struct etran_held *held = bpf_etran_dequeue(&queue, 0);

	if (held)
		bpf_etran_drop(held);
	return XDP_PASS;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("xdp")
REFUSED("calling kernel function bpf_etran_peek is not allowed")
int peek_in_xdp(struct xdp_md *ctx)
{
	struct etran_peeked held = {};

	return bpf_etran_peek(&queue, 0, &held) ? XDP_PASS : XDP_DROP;
}

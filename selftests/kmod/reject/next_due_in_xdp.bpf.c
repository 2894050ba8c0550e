// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("xdp")
REFUSED("calling kernel function bpf_etran_next_due is not allowed")
int next_due_in_xdp(struct xdp_md *ctx)
{
	return bpf_etran_next_due(&queue, 0) ? XDP_PASS : XDP_DROP;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("xdp")
REFUSED("calling kernel function bpf_etran_drop is not allowed")
int drop_in_xdp(struct xdp_md *ctx)
{
	bpf_etran_drop(NULL);
	return XDP_DROP;
}

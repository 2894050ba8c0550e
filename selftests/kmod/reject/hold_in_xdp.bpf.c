// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("xdp")
REFUSED("calling kernel function bpf_etran_hold is not allowed")
int hold_in_xdp(struct xdp_md *ctx)
{
	struct etran_priv priv = {};

	return bpf_etran_hold(NULL, &queue, 0, &priv);
}

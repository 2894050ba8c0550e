// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("xdp")
REFUSED("expected pointer to ctx")
int rx_csum_of_foreign_ctx(struct xdp_md *ctx)
{
	struct xdp_md mine = {};

	return bpf_etran_rx_csum(&mine, 0, 14, 0) ? XDP_PASS : XDP_DROP;
}

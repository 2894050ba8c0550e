// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("xdp")
REFUSED("calling kernel function bpf_etran_pkt_csum_fill is not allowed")
int pkt_fill_in_xdp(struct xdp_md *ctx)
{
	return bpf_etran_pkt_csum_fill(NULL, 34, 16);
}

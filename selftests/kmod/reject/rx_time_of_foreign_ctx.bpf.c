// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("xdp")
REFUSED("expected pointer to ctx")
int rx_time_of_foreign_ctx(struct xdp_md *ctx)
{
	struct xdp_md mine = {};
	__u64 ns;

	return bpf_etran_rx_timestamp(&mine, &ns) ? XDP_PASS : XDP_DROP;
}

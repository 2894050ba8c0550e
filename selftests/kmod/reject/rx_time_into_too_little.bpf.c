// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("xdp")
REFUSED("invalid read from stack R2")
int rx_time_into_too_little(struct xdp_md *ctx)
{
	__u32 ns;

	return bpf_etran_rx_timestamp(ctx, (__u64 *)&ns);
}

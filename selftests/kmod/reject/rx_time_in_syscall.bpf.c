// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("syscall")
REFUSED("calling kernel function bpf_etran_rx_timestamp is not allowed")
int rx_time_in_syscall(void *ctx)
{
	__u64 ns;

	return bpf_etran_rx_timestamp(ctx, &ns);
}

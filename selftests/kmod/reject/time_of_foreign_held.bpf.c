// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("expected STRUCT etran_held")
void BPF_PROG(time_of_foreign_held, __u32 id)
{
	struct etran_held mine = {};
	__u64 ns;

	bpf_etran_held_tx_timestamp(&mine, &ns);
}
OPS(timer, time_of_foreign_held);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("expected STRUCT etran_held")
void BPF_PROG(fill_foreign_held, __u32 id)
{
	struct etran_held mine = {};

	bpf_etran_held_csum_fill(&mine, 34, 16);
}
OPS(timer, fill_foreign_held);

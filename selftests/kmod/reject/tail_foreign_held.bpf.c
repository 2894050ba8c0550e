// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("release kfunc bpf_etran_requeue_tail expects referenced")
void BPF_PROG(tail_foreign_held, __u32 id)
{
	struct etran_held mine = {};

	bpf_etran_requeue_tail(&mine, &queue, id);
}
OPS(timer, tail_foreign_held);

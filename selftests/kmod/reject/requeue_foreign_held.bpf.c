// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("release kfunc bpf_etran_requeue expects referenced")
void BPF_PROG(requeue_foreign_held, __u32 id)
{
	struct etran_held mine = {};

	bpf_etran_requeue(&mine, &queue, id);
}
OPS(timer, requeue_foreign_held);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("invalid read from stack R3")
void BPF_PROG(peek_into_too_little, __u32 id)
{
	__u64 room = 0;

	bpf_etran_peek(&queue, 0, (struct etran_peeked *)&room);
}
OPS(timer, peek_into_too_little);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("calling kernel function bpf_etran_dump_text is not allowed")
void BPF_PROG(dump_text_in_timer, __u32 id)
{
	char text[4] = "x";

	bpf_etran_dump_text(NULL, text, sizeof(text));
}
OPS(timer, dump_text_in_timer);

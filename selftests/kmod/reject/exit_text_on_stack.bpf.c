// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/timer")
REFUSED("doesn't point to a const string")
void BPF_PROG(exit_text_on_stack, __u32 id)
{
	char why[4] = "x";

	bpf_etran_exit(1, why);
}
OPS(timer, exit_text_on_stack);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops.s/dump")
REFUSED("calling kernel function bpf_etran_exit is not allowed")
void BPF_PROG(exit_in_dump, struct etran_dump *dump)
{
	static const char why[] = "again";

	bpf_etran_exit(1, why);
}
OPS(dump, exit_in_dump);

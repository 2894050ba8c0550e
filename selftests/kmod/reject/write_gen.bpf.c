// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops/gen")
REFUSED("only read is supported")
int BPF_PROG(write_gen, struct etran_gen *gen)
{
	gen->cookie = 1;
	return 0;
}
OPS(gen, write_gen);

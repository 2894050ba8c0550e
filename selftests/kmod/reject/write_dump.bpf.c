// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops.s/dump")
REFUSED("only read is supported")
void BPF_PROG(write_dump, struct etran_dump *dump)
{
	dump->room = 1;
}
OPS(dump, write_dump);

// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops.s/dump")
REFUSED("memory, len pair leads to invalid memory access")
void BPF_PROG(dump_text_too_long, struct etran_dump *dump)
{
	char text[4] = "x";

	bpf_etran_dump_text(dump, text, 64);
}
OPS(dump, dump_text_too_long);

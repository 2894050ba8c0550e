// SPDX-License-Identifier: GPL-2.0-only
#include "../reject.bpf.h"

SEC("struct_ops.s/dump")
REFUSED("expected STRUCT etran_dump")
void BPF_PROG(text_of_foreign_dump, struct etran_dump *dump)
{
	struct etran_dump mine = { .room = 100 };
	char text[4] = "x";

	bpf_etran_dump_text(&mine, text, sizeof(text));
}
OPS(dump, text_of_foreign_dump);

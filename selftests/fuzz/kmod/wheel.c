// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/wheel.c against a model, by chosen bytes.
 *
 * runs: 50000
 */
#include "wheel_model.h"

void cpu_yield(void)
{
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct model_bytes b = { .at = data, .end = data + len };
	static struct model m;

	/* The first byte is the size, and large ones only cost time. */
	if (len && data[0] % 20 > 13)
		return -1;
	model_run(&m, &b);
	return 0;
}

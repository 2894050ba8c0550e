/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites "cost" and "ceiling" share, and cost.bpf.h with them. */
#ifndef _KERNEL_COST_H
#define _KERNEL_COST_H

#define COST_ENTRIES	1024

#ifndef __bpf__
#include "bench.h"

/**
 * cost_receive - redirect all that comes to the near NIC into the bench's socket
 * @b: bench that was opened with .tr.tune = cost_tune and .no_ingress
 * @prog: an XDP program of cost.bpf.h
 */
bool cost_receive(struct bench *b, const char *prog);

/** cost_tune - load the XDP programs of cost.bpf.h, too */
void cost_tune(struct bpf_object *obj);
#endif

#endif /* _KERNEL_COST_H */

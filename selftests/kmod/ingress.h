/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The XDP program of a NIC. igb starts anew, three seconds without a link, when
 * it gets its first one and when the last one goes. There one that passes
 * everything keeps the place for those of the cases.
 */
#ifndef _KERNEL_INGRESS_H
#define _KERNEL_INGRESS_H

#include "host.h"

struct bpf_link;
struct bpf_program;

struct ingress {
	struct bpf_link *link;	/* NULL: none, or it has the place that was kept */
	const struct host *place_of;
};

/** ingress_keep_place - of @h's NIC, from now on; 0 or a negative errno */
int ingress_keep_place(struct host *h);

/** ingress_leave_place - have none again, so that @h's NIC starts anew */
void ingress_leave_place(struct host *h);

/** ingress_attach - @prog to @h's NIC, whose namespace is the thread's; 0 or -errno */
int ingress_attach(struct ingress *in, struct bpf_program *prog, const struct host *h);

/** ingress_detach - safe on one that is all zeroes, and twice */
void ingress_detach(struct ingress *in);

#endif /* _KERNEL_INGRESS_H */

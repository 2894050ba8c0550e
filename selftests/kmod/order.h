/* SPDX-License-Identifier: GPL-2.0-only */
/* What order.bpf.c and the test agree on. */
#ifndef _KERNEL_ORDER_H
#define _KERNEL_ORDER_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* Compared from left to right. */
struct order_key {
	__u64 tree;		/* 0: messages, 1: peers */
	__u64 first;		/* peer; remaining */
	__u64 second;		/* remaining; peer */
	__u64 id;
};

struct order_args {
	struct order_key key;
	__u64 found;
};

#ifndef __bpf__
/* Cases of the suite "wheel". */
void order_lower_bound(void);
void order_best_of_each_peer(void);
#endif

#endif /* _KERNEL_ORDER_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kmod/tx.c and the headers it includes need of the kernel beyond frame-shim.h, for a
 * native build. Of most it is enough that it has a size; the pool, its sockets and
 * the core's side of their rings are a model (see fuzz/tx.c).
 */
#ifndef _TX_SHIM_H
#define _TX_SHIM_H

#include <linux/if_xdp.h>

#include "frame-shim.h"

#define __rcu
#define __percpu
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))
#define container_of(ptr, type, member) list_entry(ptr, type, member)
#define rcu_dereference(p)	(p)

/* A clock that stands still, and instead of kmod/run.h: no program is slow here. */
#define jiffies			0UL
#define _ETRAN_RUN_H
struct etran_run {
	int unused;
};

#define etran_run_begin(run)		((void)(run))
#define etran_run_end(tr, run, what)	((void)(tr), (void)(run))
#define ktime_get_ns()		1ULL

#define list_first_or_null_rcu(head, type, member) \
	list_first_entry_or_null(head, type, member)
#define list_is_last(entry, head)	((entry)->next == (head))
#define list_for_each_entry_rcu(pos, head, member)			\
	for (pos = list_entry((head)->next, typeof(*pos), member);	\
	     &pos->member != (head);					\
	     pos = list_entry(pos->member.next, typeof(*pos), member))

typedef raw_spinlock_t spinlock_t;
typedef struct {
	int refs;
} refcount_t;
struct completion { int unused; };
struct net;
struct net_device;
struct task_struct;
struct xdp_buff;
struct bpf_map_ops;
struct bpf_struct_ops;
struct hrtimer { int unused; };
struct irq_work { int unused; };
struct work_struct { int unused; };
struct delayed_work { int unused; };
struct tasklet_struct { int unused; };
struct xarray { int unused; };
struct hlist_node { int unused; };
struct timerqueue_node { int unused; };
struct timerqueue_head { int unused; };
struct bpf_map { int unused; };
struct sk_buff { u8 *data; };

/* A socket of the model: its TX ring. */
#define SHIM_TX_RING	64U

struct xdp_sock {
	struct list_head tx_list;
	u32 tx_budget_spent;
	struct xdp_desc ring[SHIM_TX_RING];
	u32 prod, cons;
	u64 taken;		/* bytes since all rings had something */
};

/* A pool of the model. */
struct xsk_buff_pool {
	void *hook_data;
	struct list_head xsk_tx_list;
	u32 chunk_shift;
	u32 chunk_size;
	u8 *umem;
};

static inline void *xsk_buff_raw_get_data(struct xsk_buff_pool *xp, u64 addr)
{
	return xp->umem + addr;
}

u32 xsk_hook_tx_read(struct xdp_sock *xs, struct xdp_desc *descs, u32 max, u32 *invalid);

/* Instead of the events of kmod/trace.h: nobody traces. */
#define _ETRAN_TRACE_H
struct etran_tx;
void etran_trace_egress(const struct etran_tx *tx, int verdict);
#define trace_etran_egress_enabled()	false
#define trace_etran_complete(ep, nr)	((void)(ep))

#endif /* _TX_SHIM_H */

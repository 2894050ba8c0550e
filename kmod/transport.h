/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Life of a transport: attach, detach, end of its network namespace.
 */
#ifndef _ETRAN_TRANSPORT_H
#define _ETRAN_TRANSPORT_H

#include "account.h"
#include "etran.h"
#include "exit.h"
#include "ops.h"

struct etran_cpu;
struct etran_timer;

/**
 * struct etran_overruns - the account of long runs, see run.c
 * @lock: raw leaf
 * @nr: how many, since @since
 * @since: jiffies when the first of them began
 * @last: jiffies when the last of them was over
 * @cost: what they were charged, in nanoseconds
 */
struct etran_overruns {
	raw_spinlock_t lock;
	u32 nr;
	unsigned long since;
	unsigned long last;
	u64 cost;
};

/**
 * struct etran_transport - an attached struct_ops instance
 * @ops: the programs; stays valid until unreg
 * @name: its name, longer than @ops is there
 * @net: network namespace it serves, not referenced; NULL after its end: etran_lock
 * @net_cookie: and its name
 * @list: in etran_transports while alive; etran_lock and RCU
 * @by_ops: in transport_by_ops; as @list
 * @all: in etran_instances until unreg; etran_lock
 * @refs: unreg's, and of those who wait for its end
 * @has_name: no other one can have its name; etran_lock
 * @dead: on its way out; set before a grace period; etran_lock
 * @quiet: none of egress, gen and timer runs any more, and nothing looks at @net
 * @ended: neither do dump and exit
 * @id: unique since the module was loaded
 * @map_id: BPF id of the struct_ops map
 * @queues: number of bound pools; etran_lock
 * @timer: its timers
 * @cpu: its work
 * @global: that of its thread; NULL without @ops->nr_global
 * @past: counters of pools that are gone; etran_lock
 * @ending: enum etran_exit_kind of the first reason; no program is called then
 * @info: why it ends; complete a grace period after @ending was set
 * @dump: what it leaves
 * @exit_irq: from any context
 * @exit_work: to process context, where it ends
 * @watchdog: see watchdog.c
 * @overruns: see run.c
 * @bad: nonsense results since @bad_since
 * @bad_since: jiffies
 */
struct etran_transport {
	struct etran_transport_ops *ops;
	char name[ETRAN_NAME_LEN];
	struct net *net;
	u64 net_cookie;
	struct list_head list;
	struct hlist_node by_ops;
	struct list_head all;
	refcount_t refs;
	bool has_name;
	bool dead;
	struct completion quiet;
	struct completion ended;
	u32 id;
	u32 map_id;
	u32 queues;
	struct etran_timer *timer;
	struct etran_cpu __percpu *cpu;
	struct etran_cpu *global;
	struct etran_counters past;
	u32 ending;
	struct etran_exit_info info;
	struct etran_dump_buf dump;
	struct irq_work exit_irq;
	struct work_struct exit_work;
	struct delayed_work watchdog;
	struct etran_overruns overruns;
	atomic_t bad;
	u32 bad_since;
};

extern struct list_head etran_transports;

int etran_transport_attach(struct etran_transport_ops *ops);
void etran_transport_release(struct etran_transport_ops *ops);
void etran_transport_end(struct etran_transport *tr, u32 kind, const char *why);
int etran_transport_end_named(u64 net_cookie, const char *name);
int etran_transport_abort(void);
void etran_transport_detach(struct etran_transport *tr);
struct etran_transport *etran_transport_find(u64 net_cookie, const char *name);
struct etran_transport *etran_transport_live(const struct etran_transport_ops *ops);
struct net *etran_transport_get_net(struct etran_transport *tr);
u32 etran_transport_attached(void);
int etran_transport_init(void);
void etran_transport_exit(void);

#endif /* _ETRAN_TRANSPORT_H */

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
 * struct etran_transport - an attached struct_ops instance
 * @ops: the programs; stays valid until unreg
 * @net: network namespace it serves; not referenced
 * @list: in etran_transports while alive; etran_mutex and RCU
 * @all: in etran_instances until unreg; etran_mutex
 * @dead: detached; set before a grace period
 * @id: unique since the module was loaded
 * @map_id: BPF id of the struct_ops map
 * @queues: number of bound pools; etran_mutex
 * @timer: its timers
 * @cpu: its work
 * @global: that of its thread; NULL without @ops->nr_global
 * @past: counters of pools that are gone; etran_mutex
 * @ending: enum etran_exit_kind of the first reason; no program is called then
 * @info: why it ends; complete a grace period after @ending was set
 * @dump: what it leaves
 * @exit_irq: from any context
 * @exit_work: to process context, where it is detached
 * @watchdog: see watchdog.c
 * @bad: nonsense results since @bad_since
 * @bad_since: jiffies
 */
struct etran_transport {
	struct etran_transport_ops *ops;
	struct net *net;
	struct list_head list;
	struct list_head all;
	bool dead;
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
	atomic_t bad;
	u32 bad_since;
};

extern struct list_head etran_transports;

int etran_transport_attach(struct etran_transport_ops *ops);
void etran_transport_release(struct etran_transport_ops *ops);
void etran_transport_detach(struct etran_transport *tr, u32 kind, const char *why);
struct etran_transport *etran_transport_find(const struct net *net, const char *name);
struct etran_transport *etran_transport_live(const struct etran_transport_ops *ops);
void etran_transport_abort(void);
u32 etran_transport_attached(void);
int etran_transport_init(void);
void etran_transport_exit(void);

#endif /* _ETRAN_TRANSPORT_H */

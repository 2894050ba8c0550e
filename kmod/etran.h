/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internal types of etran.ko. One noun per file; what each file owns and
 * which locks it takes stands at its top. Lock order, outermost first:
 *
 *   socket's mutex or RTNL -> etran_mutex
 *   driver's queue lock or socket's mutex -> the transport's bpf_spin_lock
 *	-> one of: bucket->lock, frames->lock, etran_cpu->lock (raw leaves)
 */
#ifndef _ETRAN_H
#define _ETRAN_H

#ifdef __KERNEL__
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/timerqueue.h>
#include <linux/workqueue.h>
#include <net/etran_hooks.h>
#include <net/xdp_sock_drv.h>
#else
#include "tx-shim.h"	/* tx.c is tested in user space */
#endif

#include "frame.h"
#include "ops.h"

struct bpf_map;
struct genl_info;
struct page_pool;
struct etran_transport;

/**
 * struct etran_counters - what netlink calls "counters"
 */
struct etran_counters {
	u64 peeked;
	u64 sent;
	u64 held;
	u64 dropped;
	u64 bad_verdict;
	u64 busy_chunk;
	u64 completed;
	u64 holding;
	u64 gen_requests;
	u64 gen_sent;
	u64 gen_skipped;
	u64 gen_failed;
	u64 timer_runs;
	u64 in_nic;
	u64 cq_full;
};

/**
 * struct etran_pool - an AF_XDP pool under a transport (QUEUE_BIND)
 * @fs: its frames
 * @xp: the pool; its @etran points back here
 * @dev: device; valid until @gone
 * @out: copy mode: device that packets leave by, NULL when it is gone
 * @tr: transport, NULL while none of that name is attached
 * @list: in etran_pools; etran_mutex
 * @kick_node: in pool_kicks of the CPU that set @kick
 * @kick: the driver has to be woken at the end of a timer round
 * @started: the completion ring is ours since the first hooked peek (TX)
 * @gone: no driver uses the pool; changes before a grace period
 * @flushing: somebody is sending the release FIFO of copy mode; fs.lock
 * @retry: copy mode: the device was busy, try again
 * @net: network namespace of the socket, for comparison
 * @net_cookie: and its name, for whoever watches
 * @name: of the transport
 * @ifindex: device
 * @out_ifindex: device that packets leave by; another one for a virtual port
 * @queue: queue
 * @umem_id: kernel's id of the UMEM
 * @tenant: identity given by QUEUE_BIND
 * @zc: zero copy
 * @shadow: strict mode: where a chunk's shadow is, in bytes behind it; else 0
 * @first_tx: the first chunk that has one
 * @hw_completed: time of the last completion by the NIC's clock, 0 unknown
 * @completed_at: the same by the system's clock; 0 none
 * @bad_timer: packets that a timer program took and did not give away
 * @returned: copy mode: packets given back without a frame; @tx_lock
 * @tx_lock: copy mode: serialises what is marked TX
 * @cnt: peeked, held, dropped, bad_verdict, busy_chunk, sent, cq_full (TX);
 *	completed (TX, or cq_prod_lock in copy mode)
 * @stall: enum etran_queue_stall, by the watchdog
 * @watch_moved: what had moved when it looked last
 * @watch_full: @cnt.cq_full when something moved last
 * @watch_since: jiffies when something moved last
 */
struct etran_pool {
	struct etran_frames fs;
	struct xsk_buff_pool *xp;
	struct net_device *dev;
	struct net_device __rcu *out;
	struct etran_transport __rcu *tr;
	struct list_head list;
	struct list_head kick_node;
	int kick;
	bool started;
	bool gone;
	bool flushing;
	struct hrtimer retry;
	const struct net *net;
	u64 net_cookie;
	char name[ETRAN_NAME_LEN];
	u32 ifindex;
	u32 out_ifindex;
	u32 queue;
	u32 umem_id;
	u32 tenant;
	bool zc;
	u64 shadow;
	u32 first_tx;
	u64 hw_completed;
	u64 completed_at;
	u64 returned;
	atomic64_t bad_timer;
	spinlock_t tx_lock;
	struct etran_counters cnt;
	u32 stall;
	u64 watch_moved;
	u64 watch_full;
	u32 watch_since;
};

/**
 * struct etran_bind - what QUEUE_BIND asks for
 * @fd: AF_XDP socket in the caller's process
 * @tenant: identity for the programs
 * @name: transport
 * @out_ifindex: device that packets leave by, 0: the socket's
 * @shadow: strict mode: how many chunks at the end of the UMEM are for it
 * @why: sentence for the user when it is refused
 */
struct etran_bind {
	int fd;
	u32 tenant;
	const char *name;
	u32 out_ifindex;
	u32 shadow;
	const char *why;
};

/**
 * struct etran_timer - one timer of a transport, see timer.c
 */
struct etran_timer {
	union {
		struct list_head node;
		struct timerqueue_node tq;
	};
	u64 due;
	u32 ran;
	u16 cpu;
	u8 state;
	bool running;
	bool again;
	bool ever_ran;
};

/**
 * struct etran_gen_req - a request for a generated frame
 */
struct etran_gen_req {
	u64 cookie;
	u32 ifindex;
};

#define ETRAN_GEN_QUEUE		1024
/* Frames that go to the driver at once. */
#define ETRAN_GEN_BULK		16

/**
 * struct etran_cpu - work of one transport on one CPU, or in its thread
 * @lock: protects timers and requests below
 * @tr: transport
 * @cpu: CPU; nr_cpu_ids for the thread
 * @thread: KTHREAD mode: the thread
 * @work: softirq that runs timers and gen
 * @hrtimer: earliest timer of @waiting
 * @ready: timers that are due
 * @waiting: timers that are not
 * @req: ring of requests for gen
 * @req_head: next free entry
 * @req_tail: next entry to serve
 * @frame: generated frames on their way, or waiting for a device that is busy
 * @nr_frames: how many
 * @frame_ifindex: their device
 * @gen_tries: how often it was too busy for the first of them
 * @gen_retry: when it is tried again, as ktime_get_ns()
 * @gen_stuck: device that was given up and has taken nothing since
 * @pp: memory of generated frames
 * @page: one that was not used last time
 */
struct etran_cpu {
	raw_spinlock_t lock;
	struct etran_transport *tr;
	u32 cpu;
	struct task_struct *thread;
	struct tasklet_struct work;
	struct hrtimer hrtimer;
	struct list_head ready;
	struct timerqueue_head waiting;
	struct etran_gen_req *req;
	u32 req_head;
	u32 req_tail;
	struct xdp_frame *frame[ETRAN_GEN_BULK];
	u32 nr_frames;
	u32 frame_ifindex;
	u32 gen_tries;
	u64 gen_retry;
	u32 gen_stuck;
	struct page_pool *pp;
	struct page *page;
	u64 gen_requests;
	u64 gen_sent;
	u64 gen_skipped;
	u64 gen_failed;
	u64 timer_runs;
};

/* One call of a program, or one batch of egress, takes no longer. */
#define ETRAN_RUN_LIMIT		HZ
#define ETRAN_DUMP_LEN		8192
/* Held packets of a queue that a dump tells of. */
#define ETRAN_DUMP_PACKETS	16
#define ETRAN_EXIT_RECORDS	8

/**
 * struct etran_dump_buf - a dump in the making
 * @ctx: what BPF sees; must be first
 * @text: ETRAN_DUMP_LEN bytes
 * @len: how many are used
 * @truncated: it was not enough
 */
struct etran_dump_buf {
	struct etran_dump ctx;
	char *text;
	u32 len;
	bool truncated;
};

/**
 * struct etran_exit_record - a transport that is gone
 * @name: its name
 * @id: its id
 * @net_cookie: its network namespace
 * @time: when, CLOCK_REALTIME
 * @info: why
 * @dump: text; NULL when there is none
 * @dump_len: its length
 */
struct etran_exit_record {
	char name[ETRAN_NAME_LEN];
	u32 id;
	u64 net_cookie;
	u64 time;
	struct etran_exit_info info;
	char *dump;
	u32 dump_len;
};

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

/**
 * struct etran_tx - the packet that egress is looking at
 * @pkt: what BPF sees; must be first
 * @ep: pool
 * @tr: transport
 * @frame: its frame
 * @data: bytes
 * @addr: its descriptor's address
 * @held: in a bucket, PENDING
 */
struct etran_tx {
	struct etran_pkt pkt;
	struct etran_pool *ep;
	struct etran_transport *tr;
	struct etran_frame *frame;
	u8 *data;
	u64 addr;
	bool held;
};

/**
 * struct etran_gen_ctx - the frame that gen is filling
 * @gen: what BPF sees; must be first
 * @data: ETRAN_GEN_FRAME_LEN bytes
 */
struct etran_gen_ctx {
	struct etran_gen gen;
	u8 *data;
};

/**
 * struct etran_pktq - a BPF map of type BPF_MAP_TYPE_PKT_QUEUE
 * @map: what the core knows
 * @wheel: the one of bucket[0], if it is a timing wheel
 * @room: of a map of FIFOs with a limit
 * @nr: number of buckets; one for a wheel, whatever its number of slots
 * @bucket: the buckets
 */
struct etran_pktq {
	struct bpf_map map;
	struct etran_wheel wheel;
	atomic_t room;
	u32 nr;
	struct etran_bucket bucket[];
};

/* main.c */
extern struct mutex etran_mutex;

/* transport.c */
extern struct list_head etran_transports;
int etran_transport_attach(struct etran_transport_ops *ops);
void etran_transport_release(struct etran_transport_ops *ops);
void etran_transport_detach(struct etran_transport *tr, u32 kind, const char *why);
struct etran_transport *etran_transport_find(const struct net *net, const char *name);
struct etran_transport *etran_transport_live(const struct etran_transport_ops *ops);
void etran_transport_count(const struct etran_transport *tr, struct etran_counters *sum);
void etran_transport_abort(void);
u32 etran_transport_attached(void);
int etran_transport_init(void);
void etran_transport_exit(void);

/* exit.c */
const char *etran_exit_name(u32 kind);
void etran_exit_claim(struct etran_transport *tr, u32 kind, const char *fmt, ...)
	__printf(3, 4);
void etran_exit(struct etran_transport *tr, u32 kind, s32 code, const char *fmt, ...)
	__printf(4, 5);
void etran_exit_bad(struct etran_transport *tr, const char *what);
int etran_exit_init(struct etran_transport *tr);
void etran_exit_free(struct etran_transport *tr);
int etran_exit_dump_text(struct etran_dump_buf *dump, const char *text, u32 len);
void etran_exit_dump(struct etran_transport *tr);
void etran_exit_record(struct etran_transport *tr);
u32 etran_exit_nr(void);
const struct etran_exit_record *etran_exit_get(u32 i);
void etran_exit_forget(void);

/* A program that ran since @start should have been done long ago? */
static inline void etran_exit_slow(struct etran_transport *tr, unsigned long start,
				   const char *what)
{
	if (unlikely(time_after(jiffies, start + ETRAN_RUN_LIMIT)))
		etran_exit(tr, ETRAN_EXIT_KIND_ERROR_OVERRUN, -ETIME,
			   "%s ran for %u ms", what, jiffies_to_msecs(jiffies - start));
}

/* watchdog.c */
void etran_watchdog_init(struct etran_transport *tr);
void etran_watchdog_start(struct etran_transport *tr);
void etran_watchdog_stop(struct etran_transport *tr);

/* pool.c */
extern struct list_head etran_pools;
int etran_pool_bind(struct net *net, struct etran_bind *req, struct etran_pool **res);
void etran_pool_adopt(struct etran_transport *tr);
bool etran_pool_of(const struct etran_pool *ep, const struct etran_transport *tr);
void etran_pool_orphan(struct etran_transport *tr);
void etran_pool_drain(struct etran_transport *tr);
void etran_pool_kick(struct etran_pool *ep);
void etran_pool_take(struct etran_frame *f);
void etran_pool_put_back(struct etran_frame *f);
void etran_pool_release(struct etran_frame *f, bool drop);
void etran_pool_purge(struct etran_frame *f);
void etran_pool_reclaim(struct etran_transport *tr);
void etran_pool_kick_all(void);
int etran_pool_init(void);
void etran_pool_exit(void);
void etran_pool_count(struct etran_pool *ep, struct etran_counters *sum);
void etran_pool_stop(struct xsk_buff_pool *xp, bool gone);
void etran_pool_free(struct xsk_buff_pool *xp);
u64 etran_pool_leaked(void);

/* Is what leaves what egress saw? */
static inline bool etran_pool_strict(const struct etran_pool *ep)
{
	return !ep->zc || ep->shadow;
}

/* The bytes of a packet that a timer program has. */
static inline u8 *etran_pool_data(const struct etran_frame *f)
{
	struct etran_pool *ep = container_of(f->frames, struct etran_pool, fs);

	return f->skb ? f->skb->data : xsk_buff_raw_get_data(ep->xp, f->addr + ep->shadow);
}

/* tx.c */
u32 etran_tx(struct xsk_buff_pool *xp, struct xdp_desc *descs, u32 max);
bool etran_tx_completed(struct xsk_buff_pool *xp, u32 nb);
void etran_tx_completed_hw(struct xsk_buff_pool *xp, u64 ns);
void etran_tx_drain(struct etran_pool *ep);
void etran_tx_egress_held(struct etran_tx *tx);
int etran_tx_verdict(struct etran_tx *tx);

/* skb.c */
void etran_skb_tx(struct xsk_buff_pool *xp, struct sk_buff *skb, u64 addr);
void etran_skb_completed(struct xsk_buff_pool *xp, struct sk_buff *skb, u64 addr);
void etran_skb_flush(struct etran_pool *ep);
void etran_skb_init(struct etran_pool *ep);

/* meta.c */
int etran_meta_rx_time(const struct xdp_buff *xdp, u64 *ns);
int etran_meta_tx_time(const struct etran_pool *ep, u64 *ns);
int etran_meta_csum(struct etran_frame *f, u8 *data, u32 len, u32 start, u32 offset);

/* pktq.c */
extern const struct bpf_map_ops etran_pktq_ops;
struct etran_bucket *etran_pktq_bucket(void *map, u32 idx);
struct etran_bucket *etran_pktq_wheel(void *map);

/* timer.c */
static inline u32 etran_timer_nr(const struct etran_transport *tr)
{
	return tr->ops->nr_timers + tr->ops->nr_global;
}

void etran_timer_init(struct etran_cpu *c);
int etran_timer_arm(struct etran_transport *tr, u32 id, u64 delay);
int etran_timer_disarm(struct etran_transport *tr, u32 id);
int etran_timer_start(struct etran_cpu *c);
bool etran_timer_planned(const struct etran_transport *tr, u32 id, u32 ms);
bool etran_timer_ran_since(const struct etran_transport *tr, u32 id, u32 since);
bool etran_timer_run(struct etran_cpu *c);
void etran_timer_wake_by(struct etran_cpu *c, u64 when);
void etran_timer_cancel(struct etran_cpu *c);

/* gen.c */
int etran_gen_init(struct etran_cpu *c);
void etran_gen_free(struct etran_cpu *c);
int etran_gen_request(struct etran_transport *tr, u64 cookie, u32 ifindex);
bool etran_gen_run(struct etran_cpu *c);
void etran_gen_drop(struct etran_cpu *c);
void etran_gen_flush(void);

/* Is there anything to generate, or to send? */
static inline bool etran_gen_pending(const struct etran_cpu *c)
{
	return c->nr_frames || READ_ONCE(c->req_head) != c->req_tail;
}

/* trace.c */
void etran_trace_egress(const struct etran_tx *tx, int verdict);
void etran_trace_hold(const struct etran_tx *tx, const struct etran_bucket *b);
void etran_trace_dequeue(const struct etran_frame *f, const struct etran_bucket *b);
void etran_trace_release(const struct etran_frame *f, bool drop);

/* struct_ops.c, kfunc.c, netlink.c, sysfs.c */
extern struct bpf_struct_ops etran_struct_ops;
int etran_struct_ops_init(void);
int etran_kfunc_init(void);
void etran_netlink_transport_exit(const struct etran_transport *tr);
void etran_netlink_queue_gone(const struct etran_pool *ep);
int etran_sysfs_init(void);
void etran_sysfs_exit(void);

#endif /* _ETRAN_H */

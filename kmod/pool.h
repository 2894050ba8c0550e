/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AF_XDP pools under a transport: binding, losing the transport, teardown.
 */
#ifndef _ETRAN_POOL_H
#define _ETRAN_POOL_H

#include "account.h"
#include "bucket.h"
#include "etran.h"
#include "frame.h"

struct etran_transport;

/**
 * struct etran_pool - an AF_XDP pool under a transport (QUEUE_BIND)
 * @fs: its frames
 * @xp: the pool; its @hook_data points back here
 * @dev: device; valid until @gone
 * @out: copy mode: device that packets leave by, NULL when it is gone
 * @tr: transport, NULL while none of that name is attached
 * @list: in etran_pools, in the order of @id; etran_lock and RCU
 * @id: unique since the module was loaded
 * @refs: the core's, and of those who look at it for long
 * @unused: nobody but the core has one any more
 * @reap: in pool_reap; etran_lock
 * @reap_gone: @gone had been set before the grace period of this round
 * @ended: it has no socket that sends, or no driver, for good; etran_lock
 * @drained: nothing waits for the driver, which is gone
 * @kick_node: in pool_kicks of the CPU that set @kick
 * @kick: the driver has to be woken at the end of a timer round
 * @started: the pool is ours; until then nothing is sent or completed
 * @gone: no driver uses the pool; changes before a grace period
 * @flushing: somebody is sending the release FIFO of copy mode; @fs.lock
 * @retry: copy mode: the device was busy, try again
 * @net: network namespace of the socket; NULL after its end: etran_lock
 * @net_cookie: and its name
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
 * @cnt: peeked, held, dropped, bad_verdict, busy_chunk, refused, sent (TX);
 *	completed (copy mode; cq_prod_lock)
 * @stall: enum etran_queue_stall, by the watchdog
 * @watch_moved: what had moved when it looked last
 * @watch_since: jiffies when something moved last
 */
struct etran_pool {
	struct etran_frames fs;
	struct xsk_buff_pool *xp;
	struct net_device *dev;
	struct net_device __rcu *out;
	struct etran_transport __rcu *tr;
	struct list_head list;
	u64 id;
	refcount_t refs;
	struct completion unused;
	struct list_head reap;
	bool reap_gone;
	bool ended;
	bool drained;
	struct list_head kick_node;
	int kick;
	bool started;
	bool gone;
	bool flushing;
	struct hrtimer retry;
	struct net *net;
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
	u32 watch_since;
};

/**
 * struct etran_bind - what QUEUE_BIND asks for
 * @fd: AF_XDP socket in the caller's process
 * @tenant: identity for the programs
 * @name: transport
 * @out_ifindex: device that packets leave by, 0: the socket's
 * @shadow: strict mode: how many chunks at the end of the UMEM are for it
 * @why: result: sentence for the user when it is refused
 * @ifindex: result: the socket's device
 * @queue: result: and queue
 * @umem_id: result: the kernel's id of its UMEM
 */
struct etran_bind {
	int fd;
	u32 tenant;
	const char *name;
	u32 out_ifindex;
	u32 shadow;
	const char *why;
	u32 ifindex;
	u32 queue;
	u32 umem_id;
};

extern struct list_head etran_pools;

int etran_pool_init(void);
void etran_pool_exit(void);
int etran_pool_bind(struct net *net, struct etran_bind *req);
struct etran_pool *etran_pool_next(struct etran_pool *prev,
				   const struct etran_transport *tr);
struct net *etran_pool_get_net(struct etran_pool *ep);
void etran_pool_net_exit(const struct net *net);
void etran_pool_adopt(struct etran_transport *tr);
void etran_pool_orphan(struct etran_transport *tr);
void etran_pool_drain(struct etran_transport *tr);
void etran_pool_stop(struct xsk_buff_pool *xp, bool gone);
void etran_pool_free(struct xsk_buff_pool *xp);

/* Is what leaves what egress saw? */
static inline bool etran_pool_strict(const struct etran_pool *ep)
{
	return !ep->zc || ep->shadow;
}

/* The bytes of a packet that a timer program has. */
static inline u8 *etran_pool_data(const struct etran_frame *f)
{
	struct etran_pool *ep = container_of(f->frames, struct etran_pool, fs);
	u64 addr = etran_frame_addr(&ep->fs, etran_frame_idx(f));

	return f->skb ? f->skb->data : xsk_buff_raw_get_data(ep->xp, addr + ep->shadow);
}

#endif /* _ETRAN_POOL_H */

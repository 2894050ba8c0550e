// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transmit and completion path of copy mode.
 *
 * The packet is an skb in kernel memory, so what egress saw is what leaves.
 * All packets go through the release FIFO of their pool: whoever finds it not
 * empty and nobody sending sends all of it, from the sender's system call or
 * after a timer round, so there is one order and one sender. The completion
 * ring is the core's: the skb's destructor fills it.
 */
#include <linux/skbuff.h>

#include "exit.h"
#include "pool.h"
#include "run.h"
#include "skb.h"
#include "trace.h"
#include "transport.h"
#include "tx.h"

/* Packets sent in one go; more wait for the next softirq. */
#define ETRAN_SKB_BATCH		256
#define ETRAN_SKB_RETRY_NS	(50 * NSEC_PER_USEC)

/* Ports have no queue of the NIC: spread them, but each keeps its order. */
static u16 skb_queue(const struct etran_pool *ep, const struct net_device *out)
{
	if (ep->out_ifindex == ep->ifindex)
		return ep->queue;
	return ep->tenant % READ_ONCE(out->real_num_tx_queues);
}

static void skb_send(struct etran_pool *ep, struct etran_frame *f, bool drop,
		     bool *busy)
{
	struct net_device *out = rcu_dereference_bh(ep->out);
	struct sk_buff *skb = f->skb;

	if (drop || ep->gone || !out) {
		consume_skb(skb);
		return;
	}
	/* Not before: what is held or waits must not keep a pointer to it. */
	skb->dev = out;
	if (__dev_direct_xmit(skb, skb_queue(ep, out)) == NETDEV_TX_BUSY) {
		etran_frame_unpop(f);
		*busy = true;
		return;
	}
	ep->cnt.sent++;
}

/**
 * etran_skb_flush - send the release FIFO
 * @ep: pool in copy mode
 *
 * BH disabled. Returns at once when somebody else does it: that one looks
 * again before it leaves.
 */
void etran_skb_flush(struct etran_pool *ep)
{
	struct etran_frames *fs = &ep->fs;
	struct etran_frame *f;
	bool busy = false, drop;
	u32 n = 0;

	raw_spin_lock(&fs->lock);
	if (ep->flushing || !fs->ready.nr) {
		raw_spin_unlock(&fs->lock);
		return;
	}
	ep->flushing = true;
	for (;;) {
		raw_spin_unlock(&fs->lock);
		f = etran_frame_pop(fs, &drop);
		if (f)
			skb_send(ep, f, drop, &busy);
		raw_spin_lock(&fs->lock);
		if (!fs->ready.nr || busy || ++n == ETRAN_SKB_BATCH)
			break;
	}
	ep->flushing = false;
	n = fs->ready.nr;
	raw_spin_unlock(&fs->lock);

	if (n && !READ_ONCE(ep->gone))
		hrtimer_start(&ep->retry, busy ? ETRAN_SKB_RETRY_NS : 0,
			      HRTIMER_MODE_REL_SOFT);
}

static enum hrtimer_restart skb_retry(struct hrtimer *t)
{
	etran_skb_flush(container_of(t, struct etran_pool, retry));
	return HRTIMER_NORESTART;
}

/**
 * etran_skb_init - prepare a pool in copy mode
 * @ep: pool
 */
void etran_skb_init(struct etran_pool *ep)
{
	spin_lock_init(&ep->tx_lock);
	hrtimer_setup(&ep->retry, skb_retry, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}

/**
 * etran_skb_tx - take over a packet of copy mode (hook)
 * @xp: pool
 * @skb: packet, linear
 * @addr: its descriptor's address
 *
 * BH disabled, socket's mutex held.
 */
void etran_skb_tx(struct xsk_buff_pool *xp, struct sk_buff *skb, u64 addr)
{
	struct etran_pool *ep = xp->hook_data;
	struct etran_tx tx = {
		.pkt = {
			.ifindex = ep->out_ifindex,
			.queue = ep->queue,
			.len = skb->len,
			.tenant = ep->tenant,
			.umem_id = ep->umem_id,
			.flags = ETRAN_PKT_COPY,
		},
		.ep = ep,
		.data = skb->data,
	};
	struct etran_run run;
	int idx;

	/* Sockets may share the pool, so their mutex is not enough. */
	spin_lock(&ep->tx_lock);
	etran_run_begin(&run);
	ep->cnt.peeked++;
	idx = skb_is_nonlinear(skb) ? -EINVAL : etran_frame_claim(&ep->fs, addr);
	if (idx < 0) {
		/*
		 * Several descriptors make one packet, or the chunk belongs to
		 * an earlier packet: its completion is not of this frame.
		 */
		ep->cnt.busy_chunk++;
		ep->returned++;
		spin_unlock(&ep->tx_lock);
		consume_skb(skb);
		return;
	}

	/* Requests in metadata: for other bytes, or another time, than egress says. */
	skb->ip_summed = CHECKSUM_NONE;
	skb_clear_tstamp(skb);
	tx.frame = &ep->fs.frame[idx];
	tx.frame->skb = skb;
	tx.tr = rcu_dereference_bh(ep->tr);

	switch (etran_tx_verdict(&tx)) {
	case ETRAN_SEND:
		etran_frame_release(tx.frame, ETRAN_FRAME_EGRESS, false);
		fallthrough;
	case ETRAN_HOLD:
		break;
	default:
		etran_frame_move(&ep->fs, idx, ETRAN_FRAME_EGRESS, ETRAN_FRAME_NIC);
		ep->fs.chunk[idx].drop = true;
		consume_skb(skb);
	}
	if (tx.tr)
		etran_run_end(tx.tr, &run, "egress");
	spin_unlock(&ep->tx_lock);
	etran_skb_flush(ep);
}

/**
 * etran_skb_completed - a frame goes into the completion ring (hook)
 * @xp: pool
 * @skb: packet that had it; may be one that egress never saw
 * @addr: its descriptor's address
 *
 * Under cq_prod_lock, which serialises it.
 */
void etran_skb_completed(struct xsk_buff_pool *xp, struct sk_buff *skb, u64 addr)
{
	struct etran_pool *ep = xp->hook_data;
	u32 idx = addr >> xp->chunk_shift;
	struct etran_frame *f = &ep->fs.frame[idx];

	if (idx >= ep->fs.nr || READ_ONCE(f->skb) != skb)
		return;
	f->skb = NULL;
	ep->cnt.completed++;
	if (!ep->fs.chunk[idx].drop)
		WRITE_ONCE(ep->completed_at, ktime_get_ns());
	trace_etran_complete(ep, 1);
	/* Last: from here on another packet can be in the frame. */
	etran_frame_move(&ep->fs, idx, ETRAN_FRAME_NIC, ETRAN_FRAME_FREE);
}

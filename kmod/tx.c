// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transmit and completion path of zero copy, and the call of egress for
 * both modes.
 *
 * Runs inside the driver, which serialises it: everything marked TX needs no
 * lock. The completion ring is positional and its entry is reserved when a
 * packet really goes to the NIC, so packets may complete in another order
 * than they came. A dropped packet gets an entry too, which settles for free.
 */
#include <linux/bpf.h>

#include "exit.h"
#include "kick.h"
#include "pool.h"
#include "timer.h"
#include "trace.h"
#include "transport.h"
#include "tx.h"

/* Descriptors looked at in one call, when programs send few of them. */
#define ETRAN_TX_WORK	64
/* Sockets of one pool: bytes of a round, packets taken at a time. */
#define ETRAN_TX_QUANTUM	16384U
#define ETRAN_TX_TURN		8U

/* Give the frame to its pool's FIFO or bucket: remember what it is. */
static void tx_fill(struct etran_tx *tx)
{
	struct etran_frame *f = tx->frame;

	f->addr = tx->addr;
	f->held.ifindex = tx->pkt.ifindex;
	f->held.queue = tx->pkt.queue;
	f->held.len = tx->pkt.len;
	f->held.tenant = tx->pkt.tenant;
	WRITE_ONCE(f->held_at, jiffies);
}

/**
 * etran_tx_egress_held - bpf_etran_hold() is about to take the packet
 * @tx: packet
 */
void etran_tx_egress_held(struct etran_tx *tx)
{
	tx_fill(tx);
}

/**
 * etran_tx_verdict - ask egress about a packet (TX)
 * @tx: packet; its frame is in EGRESS
 *
 * ETRAN_SEND behind a release FIFO that is not empty puts the packet there
 * and comes back as ETRAN_HOLD: somebody else sends it.
 *
 * Return: enum etran_verdict.
 */
int etran_tx_verdict(struct etran_tx *tx)
{
	struct etran_transport *tr = tx->tr;
	struct etran_pool *ep = tx->ep;
	struct etran_bucket *b;
	int verdict;

	verdict = tr && !READ_ONCE(tr->ending) ? tr->ops->egress(&tx->pkt) : ETRAN_DROP;
	if (trace_etran_egress_enabled())
		etran_trace_egress(tx, verdict);

	if (unlikely(tx->held != (verdict == ETRAN_HOLD))) {
		ep->cnt.bad_verdict++;
		etran_exit_bad(tr, "egress");
		if (tx->held) {
			b = tx->frame->bucket;
			if (etran_frame_unhold(tx->frame))
				etran_timer_arm(tr, b->id, 0);
		}
		return ETRAN_DROP;
	}

	switch (verdict) {
	case ETRAN_HOLD:
		ep->cnt.held++;
		b = tx->frame->bucket;
		if (etran_frame_publish(tx->frame))
			etran_timer_arm(tr, b->id, 0);
		return ETRAN_HOLD;
	case ETRAN_SEND:
		/*
		 * A timer that released a packet of the same connection did so
		 * under its lock before egress took it: seen here.
		 */
		if (READ_ONCE(ep->fs.nr_ready)) {
			tx_fill(tx);
			etran_frame_release(tx->frame, false);
			return ETRAN_HOLD;
		}
		return ETRAN_SEND;
	case ETRAN_DROP:
		ep->cnt.dropped++;
		return ETRAN_DROP;
	default:
		ep->cnt.bad_verdict++;
		etran_exit_bad(tr, "egress");
		return ETRAN_DROP;
	}
}

/* Entries that were reserved before the pool was ours complete as the NIC says. */
static void tx_start(struct etran_pool *ep)
{
	struct etran_frames *fs = &ep->fs;
	u32 reserved, published, i, n;

	etran_cq_state(ep->xp, &reserved, &published);
	n = reserved - published;
	if (n > fs->cq_mask + 1)
		n = 0;		/* user space lied */
	fs->cq_published = reserved - n;
	fs->cq_reserved = reserved - n;
	for (i = 0; i < n; i++)
		etran_cq_reserve(fs, ETRAN_CQ_NO_FRAME);
	ep->cnt.peeked += n;
	ep->started = true;
}

static void tx_settle(struct etran_pool *ep, u32 nb)
{
	u32 done = etran_cq_settle(&ep->fs, nb);

	if (done) {
		ep->cnt.completed += done;
		trace_etran_complete(ep, done);
		etran_cq_publish(ep->xp, ep->fs.cq_published);
	}
}

/* Give a frame back without the NIC: an entry that settles for free. */
static void tx_return(struct etran_pool *ep, struct xdp_desc *desc, u32 ent)
{
	etran_cq_add(ep->xp, desc, 1);
	etran_cq_reserve(&ep->fs, ent | ETRAN_CQ_RETURN);
}

/*
 * Strict mode: what egress looks at, and the NIC will, becomes a copy that its
 * tenant cannot reach. The frame is claimed: the copy is nobody else's packet.
 */
static bool tx_copy(struct etran_tx *tx)
{
	struct etran_pool *ep = tx->ep;

	if (etran_frame_idx(tx->frame) < ep->first_tx) {
		ep->cnt.dropped++;
		return false;
	}
	memcpy(tx->data, tx->data - ep->shadow, tx->pkt.len);
	return true;
}

static int tx_one(struct etran_tx *tx, struct xdp_desc *desc)
{
	struct etran_pool *ep = tx->ep;
	struct xsk_buff_pool *xp = ep->xp;
	u32 idx = desc->addr >> xp->chunk_shift;
	int verdict;

	ep->cnt.peeked++;
	if (etran_frame_claim(&ep->fs, idx)) {
		ep->cnt.busy_chunk++;
		tx_return(ep, desc, ETRAN_CQ_NO_FRAME);
		return ETRAN_DROP;
	}

	/* Requests in metadata would change bytes after egress saw them. */
	desc->options = 0;
	tx->pkt.len = desc->len;
	tx->addr = desc->addr;
	tx->frame = &ep->fs.frame[idx];
	tx->data = xsk_buff_raw_get_data(xp, desc->addr + ep->shadow);
	tx->held = false;

	verdict = !ep->shadow || tx_copy(tx) ? etran_tx_verdict(tx) : ETRAN_DROP;
	if (verdict == ETRAN_SEND) {
		etran_frame_set(&ep->fs, idx, ETRAN_FRAME_NIC);
	} else if (verdict == ETRAN_DROP) {
		etran_frame_set(&ep->fs, idx, ETRAN_FRAME_NIC);
		tx_return(ep, desc, idx);
	}
	return verdict;
}

/* Up to @max released packets; each, and each to be dropped, takes one of @room entries. */
static u32 tx_released(struct etran_pool *ep, struct xdp_desc *descs, u32 max, u32 *room)
{
	struct etran_frame *f;
	u32 n = 0;
	bool drop;

	while (n < max && *room && READ_ONCE(ep->fs.nr_ready)) {
		f = etran_frame_pop(&ep->fs, &drop);
		if (!f)
			break;
		(*room)--;
		descs[n].addr = f->addr;
		descs[n].len = f->held.len;
		descs[n].options = 0;
		if (drop)
			tx_return(ep, &descs[n], etran_frame_idx(f));
		else
			n++;
	}
	return n;
}

/* What the core refuses is work as well, whatever length it claims. */
static u32 tx_bytes(const struct xsk_buff_pool *xp, const struct xdp_desc *descs,
		    u32 got, u32 invalid)
{
	u32 i, bytes = invalid * xp->chunk_size;

	for (i = 0; i < got; i++)
		bytes += descs[i].len;
	return bytes;
}

/* Of the first socket that has descriptors and some of its quantum left. */
static u32 tx_read_turn(struct xsk_buff_pool *xp, struct xdp_desc *descs, u32 max,
			u32 *invalid, bool *spent)
{
	struct xdp_sock *xs;
	u32 got;

	list_for_each_entry_rcu(xs, &xp->xsk_tx_list, tx_list) {
		if (xs->tx_budget_spent >= ETRAN_TX_QUANTUM) {
			*spent = true;
			continue;
		}
		got = etran_tx_read(xs, descs, max, invalid);
		if (got || *invalid) {
			xs->tx_budget_spent += tx_bytes(xp, descs, got, *invalid);
			return got;
		}
	}
	return 0;
}

/*
 * Take descriptors out of a TX ring (TX). Sockets that share the pool take turns,
 * deficit round robin by bytes: in tx_budget_spent, where the core would count
 * packets if this pool were not ours, is what a socket is ahead. When all that
 * have something to send have spent their quantum a new round begins. A socket
 * is ahead by a quantum and a turn at most, so that is soon.
 */
static u32 tx_read(struct xsk_buff_pool *xp, struct xdp_desc *descs, u32 max, u32 *invalid)
{
	struct xdp_sock *xs;
	bool spent;
	u32 got;

	*invalid = 0;
	xs = list_first_or_null_rcu(&xp->xsk_tx_list, struct xdp_sock, tx_list);
	if (!xs)
		return 0;
	if (likely(list_is_last(&xs->tx_list, &xp->xsk_tx_list)))
		return etran_tx_read(xs, descs, max, invalid);

	max = min(max, ETRAN_TX_TURN);
	do {
		spent = false;
		got = tx_read_turn(xp, descs, max, invalid, &spent);
		if (got || *invalid)
			return got;
		list_for_each_entry_rcu(xs, &xp->xsk_tx_list, tx_list)
			xs->tx_budget_spent -= min(xs->tx_budget_spent, ETRAN_TX_QUANTUM);
	} while (spent);
	return 0;
}

/**
 * etran_tx - the driver wants packets (hook)
 * @xp: pool
 * @descs: where to put them
 * @max: how many
 *
 * Looks at a bounded number of descriptors. When that is reached with nothing
 * to send, the driver is woken again, since it would not come back.
 *
 * Return: number of packets.
 */
u32 etran_tx(struct xsk_buff_pool *xp, struct xdp_desc *descs, u32 max)
{
	struct etran_pool *ep = xp->etran;
	u32 room, n, i, got, invalid, limit, work = 0;
	unsigned long start = jiffies;
	struct etran_frames *fs = &ep->fs;
	struct etran_tx tx;

	if (unlikely(!ep->started))
		tx_start(ep);

	/*
	 * No program runs on a packet that could not be completed. Dropped packets need
	 * entries beyond @max, or a driver that asks for one would stop at the first.
	 */
	limit = max(max, ETRAN_TX_WORK);
	room = etran_cq_room(xp, limit);
	if (!room) {
		ep->cnt.cq_full++;
		return 0;
	}

	tx.ep = ep;
	tx.tr = rcu_dereference(ep->tr);
	tx.pkt.ifindex = ep->ifindex;
	tx.pkt.queue = ep->queue;
	tx.pkt.tenant = ep->tenant;
	tx.pkt.umem_id = ep->umem_id;
	tx.pkt.flags = ep->shadow ? ETRAN_PKT_COPY : 0;
	tx.pkt.opaque = NULL;

	n = tx_released(ep, descs, max, &room);
	while (n < max && room && work < limit) {
		got = tx_read(xp, descs + n, min3(max - n, room, limit - work), &invalid);
		if (!got && !invalid)
			break;
		work += got + invalid;
		for (i = n, got += n; i < got; i++) {
			int verdict = tx_one(&tx, &descs[i]);

			if (verdict == ETRAN_SEND)
				descs[n++] = descs[i];
			if (verdict != ETRAN_HOLD)
				room--;
		}
		/* Returned as they came: there is no packet behind them. */
		for (i = 0; i < invalid; i++) {
			ep->cnt.peeked++;
			ep->cnt.dropped++;
			tx_return(ep, &descs[got + i], ETRAN_CQ_NO_FRAME);
			room--;
		}
		n += tx_released(ep, descs + n, max - n, &room);
	}

	if (n) {
		etran_cq_add(xp, descs, n);
		for (i = 0; i < n; i++)
			etran_cq_reserve(fs, descs[i].addr >> xp->chunk_shift);
		ep->cnt.sent += n;
		/* To the tenant a frame is its own chunk, to the NIC the shadow. */
		for (i = 0; ep->shadow && i < n; i++)
			descs[i].addr += ep->shadow;
	}
	tx_settle(ep, 0);
	if (tx.tr)
		etran_exit_slow(tx.tr, start, "egress");
	if (n < max && (work >= limit || READ_ONCE(fs->nr_ready)))
		etran_pool_kick(ep);
	return n;
}

/**
 * etran_tx_completed - the NIC is done with packets (hook)
 * @xp: pool
 * @nb: how many
 * Return: false when the pool has not been used since it was bound.
 */
bool etran_tx_completed(struct xsk_buff_pool *xp, u32 nb)
{
	struct etran_pool *ep = xp->etran;

	if (!ep->started)
		return false;
	WRITE_ONCE(ep->completed_at, ktime_get_ns());
	tx_settle(ep, nb);
	return true;
}

/**
 * etran_tx_completed_hw - when the NIC sent the last packet (hook)
 * @xp: pool
 * @ns: its clock
 */
void etran_tx_completed_hw(struct xsk_buff_pool *xp, u64 ns)
{
	struct etran_pool *ep = xp->etran;

	WRITE_ONCE(ep->hw_completed, ns);
}

/**
 * etran_tx_drain - the driver is gone: give back what still waits (TX)
 * @ep: pool that is stopping
 *
 * What does not fit into the completion ring is given back with the UMEM.
 */
void etran_tx_drain(struct etran_pool *ep)
{
	struct etran_frame *f;
	struct xdp_desc desc;
	bool drop;

	if (!ep->started)
		tx_start(ep);
	while ((f = etran_frame_pop(&ep->fs, &drop))) {
		desc.addr = f->addr;
		if (etran_cq_room(ep->xp, 1)) {
			tx_return(ep, &desc, etran_frame_idx(f));
		} else {
			etran_frame_done(&ep->fs, etran_frame_idx(f));
			ep->cnt.completed++;
		}
	}
	tx_settle(ep, 0);
}

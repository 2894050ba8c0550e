// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transmit and completion path of zero copy, and the call of egress for
 * both modes.
 *
 * Runs inside the driver, which serialises it: everything marked TX needs no lock.
 * What a descriptor says is copied by the core and checked before it is looked at;
 * what becomes of its frame is in frame.c. Nothing here waits for room in the
 * completion ring: what is given back and finds none waits in the frames' own FIFO.
 */
#include <linux/bpf.h>

#include "exit.h"
#include "kick.h"
#include "pool.h"
#include "run.h"
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
		if (READ_ONCE(ep->fs.ready.nr)) {
			tx_fill(tx);
			etran_frame_release(tx->frame, ETRAN_FRAME_EGRESS, false);
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

/* User space was given back so many. */
static void tx_told(struct etran_pool *ep, u32 nr)
{
	if (nr)
		trace_etran_complete(ep, nr);
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
	int idx, verdict;

	ep->cnt.peeked++;
	idx = etran_frame_claim(&ep->fs, desc->addr);
	if (unlikely(idx < 0)) {
		/* Its frame comes back once, when who has it is done. */
		ep->cnt.busy_chunk++;
		ep->cnt.refused++;
		return ETRAN_DROP;
	}

	/* Requests in metadata would change bytes after egress saw them. */
	desc->options = 0;
	tx->pkt.len = desc->len;
	tx->frame = &ep->fs.frame[idx];
	tx->data = xsk_buff_raw_get_data(xp, desc->addr + ep->shadow);
	tx->held = false;

	verdict = !ep->shadow || tx_copy(tx) ? etran_tx_verdict(tx) : ETRAN_DROP;
	if (verdict == ETRAN_SEND && !etran_frame_send(&ep->fs, idx))
		return ETRAN_HOLD;
	if (verdict == ETRAN_DROP)
		tx_told(ep, etran_frame_give_back(&ep->fs, idx, ETRAN_FRAME_EGRESS));
	return verdict;
}

/* Names no frame; told if there is room. */
static void tx_invalid(struct etran_pool *ep, const struct xdp_desc *desc)
{
	ep->cnt.peeked++;
	ep->cnt.dropped++;
	if (etran_frames_echo(&ep->fs, desc->addr))
		tx_told(ep, 1);
	else
		ep->cnt.refused++;
}

/* Up to @max released packets. */
static u32 tx_released(struct etran_pool *ep, struct xdp_desc *descs, u32 max)
{
	struct etran_frames *fs = &ep->fs;
	struct etran_frame *f;
	u32 n = 0, idx;
	bool drop;

	while (n < max && READ_ONCE(fs->ready.nr)) {
		f = etran_frame_pop(fs, &drop);
		if (!f)
			break;
		idx = etran_frame_idx(f);
		if (drop) {
			tx_told(ep, etran_frame_give_back(fs, idx, ETRAN_FRAME_NIC));
			continue;
		}
		descs[n].addr = etran_frame_addr(fs, idx);
		descs[n].len = f->held.len;
		descs[n].options = 0;
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
		got = xsk_hook_tx_read(xs, descs, max, invalid);
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
		return xsk_hook_tx_read(xs, descs, max, invalid);

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
	struct etran_pool *ep = xp->hook_data;
	u32 n, i, got, invalid, work = 0, limit = max(max, ETRAN_TX_WORK);
	struct etran_frames *fs = &ep->fs;
	struct etran_run run;
	struct etran_tx tx;

	if (unlikely(!READ_ONCE(ep->started)))
		return 0;
	etran_run_begin(&run);
	if (unlikely(READ_ONCE(fs->back.nr)))
		tx_told(ep, etran_frames_flush(fs));

	tx.ep = ep;
	tx.tr = rcu_dereference(ep->tr);
	tx.pkt.ifindex = ep->ifindex;
	tx.pkt.queue = ep->queue;
	tx.pkt.tenant = ep->tenant;
	tx.pkt.umem_id = ep->umem_id;
	tx.pkt.flags = ep->shadow ? ETRAN_PKT_COPY : 0;
	tx.pkt.opaque = NULL;

	n = tx_released(ep, descs, max);
	while (n < max && work < limit) {
		got = tx_read(xp, descs + n, min(max - n, limit - work), &invalid);
		if (!got && !invalid)
			break;
		work += got + invalid;
		for (i = n, got += n; i < got; i++)
			if (tx_one(&tx, &descs[i]) == ETRAN_SEND)
				descs[n++] = descs[i];
		for (i = 0; i < invalid; i++)
			tx_invalid(ep, &descs[got + i]);
		n += tx_released(ep, descs + n, max - n);
	}

	ep->cnt.sent += n;
	/* To the tenant a frame is its own chunk, to the NIC the shadow. */
	for (i = 0; ep->shadow && i < n; i++)
		descs[i].addr += ep->shadow;
	if (tx.tr)
		etran_run_end(tx.tr, &run, "egress");
	if (n < max && (work >= limit || READ_ONCE(fs->ready.nr)))
		etran_pool_kick(ep);
	return n;
}

/**
 * etran_tx_completed - the NIC is done with packets (hook)
 * @xp: pool
 * @nb: how many
 * Return: false while the pool is not ours.
 */
bool etran_tx_completed(struct xsk_buff_pool *xp, u32 nb)
{
	struct etran_pool *ep = xp->hook_data;

	if (unlikely(!READ_ONCE(ep->started)))
		return false;
	WRITE_ONCE(ep->completed_at, ktime_get_ns());
	tx_told(ep, etran_frames_completed(&ep->fs, nb));
	return true;
}

/**
 * etran_tx_cancelled - the driver could not take packets after all (hook)
 * @xp: pool
 * @nb: how many: the last ones that it was given
 *
 * As without a transport they are lost, and their frames come back.
 *
 * Return: false while the pool is not ours.
 */
bool etran_tx_cancelled(struct xsk_buff_pool *xp, u32 nb)
{
	struct etran_pool *ep = xp->hook_data;

	if (unlikely(!READ_ONCE(ep->started)))
		return false;
	ep->cnt.sent -= nb;
	ep->cnt.dropped += nb;
	tx_told(ep, etran_frames_cancelled(&ep->fs, nb));
	return true;
}

/**
 * etran_tx_completed_hw - when the NIC sent the last packet (hook)
 * @xp: pool
 * @ns: its clock
 */
void etran_tx_completed_hw(struct xsk_buff_pool *xp, u64 ns)
{
	struct etran_pool *ep = xp->hook_data;

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
	bool drop;

	while ((f = etran_frame_pop(&ep->fs, &drop)))
		tx_told(ep, etran_frame_give_back(&ep->fs, etran_frame_idx(f),
						  ETRAN_FRAME_NIC));
}

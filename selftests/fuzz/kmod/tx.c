// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/tx.c, whole: tenants that send anything and write anything into their completion
 * ring, a driver that takes and completes as it likes, egress and timer programs that say
 * anything. Counters add up after each step, sockets get the same share, and in the end
 * every frame has been given back once, by wake-ups alone.
 *
 * runs: 30000
 */
#include "kmod/frame.c"
#include "kmod/bucket.c"
#include "kmod/wheel.c"
#include "kmod/tx.c"

#include "must.h"

#define CHUNKS		16U
#define CHUNK_SHIFT	11
#define CHUNK_SIZE	(1U << CHUNK_SHIFT)
#define SOCKETS		3
#define NIC_RING	64U
#define CQ_RING		8U

/* The chunks' shadows behind them; the last number is beyond the UMEM. */
static u8 umem[2 * CHUNKS * CHUNK_SIZE];
static struct xsk_buff_pool xp;
static struct xdp_sock sock[SOCKETS];
static struct etran_frame frame[CHUNKS];
static struct etran_chunk chunk[CHUNKS];
static u64 ring[CQ_RING];
static u32 producer, consumer;
static struct etran_pool pool;
static struct etran_bucket bucket;
static struct etran_transport transport;

static u32 owned[CHUNKS + 1];	/* handed in and not given back or refused */
static u32 in_nic, sent, nr_sockets, nr_taken, reaped;
static bool liar;		/* for ever: nobody reaps */
static bool kicked, armed, calm;
static u32 mood;		/* of egress when it is calm */
static struct etran_frame *taken[CHUNKS];

void cpu_yield(void)
{
}

void raw_spin_lock_init(raw_spinlock_t *lock)
{
	lock->owner = 0;
}

void raw_spin_lock(raw_spinlock_t *lock)
{
	MUST(!lock->owner++);
}

void raw_spin_unlock(raw_spinlock_t *lock)
{
	MUST(!--lock->owner);
}

/* ---- the core's side ------------------------------------------------- */

/* What the tenant has written by now. */
u32 user_load(const u32 *p)
{
	static const s32 lie[] = { 0, 1, CQ_RING - 1, CQ_RING, CQ_RING + 1, -1, 1 << 30, 3 };
	u32 what;

	MUST(p == &consumer);
	if (!liar || calm)
		return consumer;
	what = byte();
	producer = byte();
	ring[what >> 4 & 7] = byte();
	return pool.fs.cq.prod - lie[what & 7];
}

/* How far two sockets that both have something to send may be apart. */
static void check_shares(void)
{
	u64 most = 0, least = ~0ULL;
	bool all = true;
	u32 i;

	for (i = 0; i < nr_sockets; i++)
		all &= sock[i].prod != sock[i].cons;
	for (i = 0; i < nr_sockets; i++) {
		if (!all)
			sock[i].taken = 0;
		most = max(most, sock[i].taken);
		least = min(least, sock[i].taken);
	}
	MUST(most - least <= 2 * (ETRAN_TX_QUANTUM + ETRAN_TX_TURN * CHUNK_SIZE));
}

/* Valid ones up to the first that is not; that one behind them. */
u32 xsk_hook_tx_read(struct xdp_sock *xs, struct xdp_desc *descs, u32 max, u32 *invalid)
{
	u32 n = 0;

	MUST(max);
	*invalid = 0;
	while (n < max && xs->cons != xs->prod && !*invalid) {
		descs[n] = xs->ring[xs->cons++ % SHIM_TX_RING];
		if (descs[n].addr >> CHUNK_SHIFT < CHUNKS) {
			xs->taken += descs[n++].len;
		} else {
			xs->taken += CHUNK_SIZE;
			*invalid = 1;
		}
	}
	check_shares();
	return n;
}

/* ---- what else tx.c calls -------------------------------------------- */

void etran_pool_kick(struct etran_pool *ep)
{
	MUST(ep == &pool);
	kicked = true;
}

int etran_timer_arm(struct etran_transport *tr, u32 id, u64 delay)
{
	MUST(tr == &transport && id == bucket.id && !delay);
	armed = true;
	return 0;
}

void etran_exit_bad(struct etran_transport *tr, const char *what)
{
	MUST((tr == &transport || !tr) && what);
}

void etran_exit(struct etran_transport *tr, u32 kind, s32 code, const char *fmt, ...)
{
	(void)tr; (void)kind; (void)code; (void)fmt;
	MUST(!"a clock that stands still");
}

/* ---- programs -------------------------------------------------------- */

static s32 egress(struct etran_pkt *pkt)
{
	struct etran_tx *tx = (struct etran_tx *)pkt;
	struct etran_place p = {};
	struct etran_priv priv = {};
	u64 addr = etran_frame_addr(&pool.fs, etran_frame_idx(tx->frame));
	u32 what = calm ? mood : byte();

	MUST(pkt->len <= CHUNK_SIZE);
	/* Strict: what the tenant wrote, where the tenant cannot. */
	MUST(tx->data == umem + addr + pool.shadow);
	MUST(tx->data[0] == umem[addr]);
	if (what & 0x10) {	/* as bpf_etran_hold() */
		p.front = what & 0x20;
		etran_tx_egress_held(tx);
		tx->held = !etran_frame_hold(tx->frame, &bucket, &priv, &p);
	}
	if (what & 0x40)
		return tx->held ? ETRAN_HOLD : ETRAN_DROP;
	if (what & 0x80)
		return what & 7;
	return tx->held ? ETRAN_HOLD : ETRAN_SEND;
}

static void release(struct etran_frame *f, bool drop)
{
	etran_frame_release(f, ETRAN_FRAME_TAKEN, drop);
	kicked = true;
}

static void timer(void)
{
	struct etran_frame *f;
	u64 next;

	armed = false;
	while (calm && nr_taken)
		release(taken[--nr_taken], false);
	while ((f = etran_frame_dequeue(&bucket, ETRAN_WHEEL_NEVER, &next))) {
		switch (calm ? 1 : byte() & 3) {
		case 0:
			taken[nr_taken++] = f;
			break;
		case 1:
			release(f, false);
			break;
		case 2:
			release(f, true);
			break;
		default:
			taken[nr_taken++] = f;
			return;
		}
	}
}

/* ---- tenant, NIC ------------------------------------------------------ */

static void submit(struct xdp_sock *xs, u32 which, u32 len)
{
	struct xdp_desc *d;

	if (xs->prod - xs->cons == SHIM_TX_RING)
		return;
	d = &xs->ring[xs->prod++ % SHIM_TX_RING];
	which %= CHUNKS + 1;
	d->addr = (u64)which << CHUNK_SHIFT;
	d->len = 14 + len * 7;
	d->options = len;
	owned[which]++;
	umem[d->addr]++;
	kicked = true;
}

/* Who has much to send. */
static void fill(struct xdp_sock *xs, u32 which, u32 len)
{
	while (xs->prod - xs->cons < SHIM_TX_RING)
		submit(xs, which < CHUNKS ? which++ % CHUNKS : which, len);
}

static void reap(void)
{
	bool waits = pool.fs.back.nr;
	u32 idx;

	if (liar && !calm)
		return;
	for (; reaped != pool.fs.cq.prod; reaped++) {
		if (liar)	/* what it wrote itself */
			continue;
		idx = ring[reaped % CQ_RING] >> CHUNK_SHIFT;
		MUST(idx <= CHUNKS && owned[idx]);
		owned[idx]--;
		/* It is the tenant's again, unless that handed it in twice. */
		MUST(owned[idx] || idx == CHUNKS ||
		     etran_frame_get(&pool.fs, idx) == ETRAN_FRAME_FREE);
	}
	consumer = reaped;
	/* Who makes room where there was none calls. */
	kicked |= waits;
}

static void driver(u32 max)
{
	struct xdp_desc descs[NIC_RING];
	u64 looked = pool.cnt.peeked;
	bool waited[CHUNKS], late = false;
	u32 n, i;

	max = min(max, NIC_RING - in_nic);
	if (!max)
		return;
	kicked = false;
	for (i = 0; i < CHUNKS; i++)
		waited[i] = etran_frame_get(&pool.fs, i) == ETRAN_FRAME_READY &&
			    !chunk[i].drop;
	n = etran_tx(&xp, descs, max);
	MUST(n <= max);
	MUST(pool.cnt.peeked - looked <= max(max, (u32)ETRAN_TX_WORK));
	for (i = 0; i < n; i++) {
		u64 addr = descs[i].addr - pool.shadow;

		MUST(addr < CHUNKS * CHUNK_SIZE && !descs[i].options);
		/* What waited is first. */
		late |= !waited[addr >> CHUNK_SHIFT];
		MUST(!late || !waited[addr >> CHUNK_SHIFT]);
	}
	in_nic += n;
	sent += n;
	if (n == max)
		kicked = true;	/* it comes back for more */
}

static void complete(u32 nb)
{
	nb = min(nb, in_nic);
	if (!nb)
		return;
	MUST(etran_tx_completed(&xp, nb));
	in_nic -= nb;
	kicked = true;		/* NAPI looks for more */
}

/* It had no room after all. */
static void cancel(u32 nb)
{
	nb = min(nb, in_nic);
	MUST(etran_tx_cancelled(&xp, nb));
	in_nic -= nb;
	sent -= nb;
}

/* ---- what must always hold -------------------------------------------- */

static void check(void)
{
	u32 i, nr[ETRAN_FRAME_STATES] = {}, n = 0, holding;

	for (i = 0; i < CHUNKS; i++)
		nr[chunk[i].state]++;
	for (i = 0; i < nr_sockets; i++)
		n += sock[i].cons;
	holding = nr[ETRAN_FRAME_PENDING] + nr[ETRAN_FRAME_HELD] +
		  nr[ETRAN_FRAME_TAKEN] + nr[ETRAN_FRAME_READY] +
		  nr[ETRAN_FRAME_BACK];
	MUST(!nr[ETRAN_FRAME_EGRESS] && !nr[ETRAN_FRAME_PENDING]);
	MUST(nr[ETRAN_FRAME_READY] == pool.fs.ready.nr);
	MUST(nr[ETRAN_FRAME_NIC] == pool.fs.nic.nr && pool.fs.nic.nr == in_nic);
	MUST(nr[ETRAN_FRAME_BACK] == pool.fs.back.nr);
	MUST(nr[ETRAN_FRAME_HELD] == bucket.depth && nr[ETRAN_FRAME_TAKEN] == nr_taken);
	MUST(pool.cnt.peeked == n);
	MUST(pool.cnt.peeked - pool.fs.cq.published - pool.cnt.refused == holding + in_nic);
	MUST((u32)pool.fs.cq.published == pool.fs.cq.prod && !etran_frame_refusals.counter);
	MUST(liar || (producer == pool.fs.cq.prod && producer - consumer <= CQ_RING));
	MUST(pool.cnt.sent == sent);
}

/* Nobody adds anything; the transport's timer runs only with @timers. */
static void traffic(u32 rounds, u32 max, bool timers)
{
	calm = true;
	while (rounds--) {
		if (armed && timers)
			timer();
		if (kicked)
			driver(max);
		complete(in_nic);
		reap();
		check();
	}
	calm = false;
}

static void step(void)
{
	u32 op = byte(), arg = op >> 3, which;

	switch (op & 7) {
	case 0:
		which = byte();
		submit(&sock[arg % nr_sockets], which, byte());
		break;
	case 1:
		which = byte();
		fill(&sock[arg % nr_sockets], which, byte());
		break;
	case 2:
		mood = byte();
		traffic(arg, 1 + byte() % NIC_RING, op & 8);
		break;
	case 3:
		driver(1 + 2 * arg);
		break;
	case 4:
		if (arg & 0x10)
			cancel(arg & 3);
		else
			complete(arg);
		break;
	case 5:
		reap();
		break;
	case 6:
		timer();
		break;
	default:
		if (nr_taken && arg & 1)
			release(taken[--nr_taken], arg & 2);
		else
			bucket.limit = arg;
	}
	check();
}

static void set_up(void)
{
	static struct etran_transport_ops ops = { .egress = egress };
	u32 i, how = byte();

	memset(&xp, 0, sizeof(xp));
	memset(&pool, 0, sizeof(pool));
	memset(sock, 0, sizeof(sock));
	memset(frame, 0, sizeof(frame));
	memset(chunk, 0, sizeof(chunk));
	memset(owned, 0, sizeof(owned));
	memset(&bucket, 0, sizeof(bucket));
	in_nic = 0;
	sent = 0;
	nr_taken = 0;
	kicked = false;
	armed = false;
	calm = false;
	mood = 0;
	nr_sockets = 1 + how % SOCKETS;
	xp = (struct xsk_buff_pool){
		.hook_data = &pool, .umem = umem,
		.chunk_shift = CHUNK_SHIFT, .chunk_size = CHUNK_SIZE,
	};
	INIT_LIST_HEAD(&xp.xsk_tx_list);
	for (i = 0; i < nr_sockets; i++)
		list_add_tail(&sock[i].tx_list, &xp.xsk_tx_list);
	pool.fs.frame = frame;
	pool.fs.chunk = chunk;
	pool.fs.cq = (struct etran_cq){
		.desc = ring, .producer = &producer, .consumer = &consumer,
		.size = CQ_RING,
	};
	producer = 0;
	consumer = 0;
	reaped = 0;
	liar = how & 4;
	pool.started = true;
	etran_frame_refusals.counter = 0;
	pool.xp = &xp;
	pool.zc = true;
	pool.shadow = how & 0x40 ? CHUNKS * CHUNK_SIZE : 0;
	pool.first_tx = how & 0x40 ? how >> 4 & 3 : 0;
	etran_frames_init(&pool.fs, CHUNKS, CHUNK_SHIFT);
	etran_bucket_init(&bucket, 5, 8);
	transport.ops = &ops;
	pool.tr = how & 0x80 ? NULL : &transport;
}

/* Nobody does anything by itself any more: wake-ups have to be enough. */
static void run_to_rest(void)
{
	u32 i, rounds = 0, max = 1 + byte() % NIC_RING;

	kicked |= liar;		/* as it must who cannot know */

	for (; kicked || in_nic || reaped != pool.fs.cq.prod; rounds++) {
		MUST(rounds < 1000);
		traffic(1, max, false);
	}
	for (i = 0; i < nr_sockets; i++)
		MUST(sock[i].prod == sock[i].cons);
	armed |= nr_taken || bucket.depth;
	for (; kicked || armed || in_nic || reaped != pool.fs.cq.prod; rounds++) {
		MUST(rounds < 1000);
		traffic(1, max, true);
	}
	MUST(pool.cnt.peeked == pool.fs.cq.published + pool.cnt.refused);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	at = data;
	end = data + len;
	set_up();
	while (at < end)
		step();
	run_to_rest();
	return 0;
}

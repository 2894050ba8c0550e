// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/frame.c on one CPU, against a table of who has each frame, by chosen bytes: two
 * FIFOs and a wheel of one map with limits, requeue, release, the completion ring, and
 * teardown at any moment. kmod_frame.c has two CPUs.
 *
 * runs: 30000
 */
#include "kmod/frame.c"
#include "kmod/wheel.c"

#include "must.h"

#define FRAMES	12U
#define BUCKETS	3U		/* the last is a wheel */
#define SLOTS	64U
#define WIDTH	10U
#define CQ_SIZE	16U

static struct etran_frames fs;
static struct etran_frame frame[FRAMES];
static u8 state[FRAMES];
static u32 cq[CQ_SIZE];
static struct etran_bucket bucket[BUCKETS];
static struct etran_wheel wheel;
static struct etran_slot slot[SLOTS];
static u64 bits[SLOTS];
static atomic_t room;

/* The model. */
static struct {
	u8 state;
	u32 in;			/* bucket */
	u64 due;		/* in the wheel */
	s64 rank;		/* among those of its bucket, or of the release FIFO */
	bool drop;
} is[FRAMES];
static s64 next_rank, front_rank;
static int model_room;
static u32 ring[CQ_SIZE], ring_head, ring_tail, returned, claimed;
static u64 now;

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

static bool queued(u32 i)
{
	return is[i].state == ETRAN_FRAME_PENDING || is[i].state == ETRAN_FRAME_HELD;
}

static u32 depth(u32 b)
{
	u32 i, n = 0;

	for (i = 0; i < FRAMES; i++)
		n += queued(i) && is[i].in == b;
	return n;
}

/* The first frame that is @queued in a bucket, or READY; FRAMES: none. */
static u32 first(u32 b, bool ready)
{
	u32 i, got = FRAMES;

	for (i = 0; i < FRAMES; i++) {
		if (ready ? is[i].state != ETRAN_FRAME_READY : !queued(i) || is[i].in != b)
			continue;
		if (got == FRAMES || is[i].due < is[got].due ||
		    (is[i].due == is[got].due && is[i].rank < is[got].rank))
			got = i;
	}
	return got;
}

static void model_put(u32 i, u32 b, u8 how, const struct etran_place *p)
{
	is[i].state = how;
	is[i].in = b;
	is[i].due = b == BUCKETS - 1 ? p->due : 0;
	is[i].rank = p->front ? --front_rank : next_rank++;
	model_room--;
}

static void model_ready(u32 i, bool drop)
{
	is[i].state = ETRAN_FRAME_READY;
	is[i].due = 0;
	is[i].rank = next_rank++;
	is[i].drop = drop;
}

static struct etran_place place(void)
{
	struct etran_place p = { .front = byte() & 1, .now = now };

	p.when = now + (byte() & 3) * WIDTH;
	return p;
}

static void hold(u32 i, u32 b)
{
	struct etran_priv priv = { .v = { i, ~(u64)i } };
	bool full = bucket[b].depth >= bucket[b].limit || fs.stopping || model_room <= 0;
	struct etran_place p = place();
	int err;

	if (is[i].state != ETRAN_FRAME_EGRESS)
		return;
	err = etran_frame_hold(&frame[i], &bucket[b], &priv, &p);
	if (full)
		MUST(err == -ENOSPC);
	if (err) {
		MUST(full || (b == BUCKETS - 1 && wheel.limit));
		return;
	}
	model_put(i, b, ETRAN_FRAME_PENDING, &p);
}

static void dequeue(u32 b)
{
	u64 by = byte() & 1 ? now : ETRAN_WHEEL_NEVER, next;
	u32 i = first(b, false);
	bool late = i < FRAMES && b == BUCKETS - 1 && is[i].due > by;
	struct etran_frame *f = etran_frame_dequeue(&bucket[b], by, &next);

	if (i == FRAMES || late || is[i].state == ETRAN_FRAME_PENDING || fs.stopping) {
		MUST(!f);
		MUST(next == (late ? is[i].due : ETRAN_WHEEL_NEVER));
		return;
	}
	MUST(f == &frame[i] && f->held.priv[0] == i && f->held.priv[1] == ~(u64)i);
	is[i].state = ETRAN_FRAME_TAKEN;
	model_room++;
}

static void requeue(u32 i, u32 b)
{
	struct etran_place p = place();

	if (is[i].state != ETRAN_FRAME_TAKEN)
		return;
	if (etran_frame_requeue(&frame[i], &bucket[b], &p)) {
		MUST(!fs.stopping);
		model_put(i, b, ETRAN_FRAME_HELD, &p);
	} else {
		MUST(fs.stopping);
	}
}

static void publish(u32 i, bool undo)
{
	if (is[i].state != ETRAN_FRAME_PENDING)
		return;
	if (undo) {
		etran_frame_unhold(&frame[i]);
		is[i].state = ETRAN_FRAME_EGRESS;
		model_room++;
	} else {
		etran_frame_publish(&frame[i]);
		is[i].state = ETRAN_FRAME_HELD;
	}
}

static void release(u32 i, bool drop)
{
	if (is[i].state != ETRAN_FRAME_TAKEN && is[i].state != ETRAN_FRAME_EGRESS)
		return;
	etran_frame_release(&frame[i], drop);
	model_ready(i, drop);
}

static void reserve(u32 ent)
{
	etran_cq_reserve(&fs, ent);
	ring[ring_head++ % CQ_SIZE] = ent;
}

/* To the NIC and into the completion ring, as in tx.c. */
static void pop(bool busy)
{
	u32 i = first(0, true);
	struct etran_frame *f;
	bool drop;

	if (ring_head - ring_tail == CQ_SIZE)
		return;
	f = etran_frame_pop(&fs, &drop);
	MUST(f == (i < FRAMES ? &frame[i] : NULL));
	if (!f)
		return;
	MUST(drop == (is[i].drop || fs.stopping));
	is[i].drop = drop;
	if (busy) {
		etran_frame_unpop(f);
		return;
	}
	is[i].state = ETRAN_FRAME_NIC;
	reserve(i | (drop ? ETRAN_CQ_RETURN : 0));
}

static void settle(u32 nb)
{
	u32 n, ent;

	n = etran_cq_settle(&fs, nb);
	for (; ring_tail != ring_head; ring_tail++, n--) {
		ent = ring[ring_tail % CQ_SIZE];
		if (!(ent & ETRAN_CQ_RETURN) && !nb--)
			break;
		ent &= ~ETRAN_CQ_RETURN;
		if (ent != ETRAN_CQ_NO_FRAME) {
			is[ent].state = ETRAN_FRAME_FREE;
			returned++;
		}
	}
	MUST(!n && fs.cq_published == ring_tail);
}

static void purge(u32 i)
{
	u32 b = is[i].in;
	bool was = queued(i);

	MUST(etran_frame_purge(&frame[i]) == (was ? &bucket[b] : NULL));
	if (!was)
		return;
	model_ready(i, true);
	model_room++;
}

static void look(u32 b)
{
	u32 i = first(b, false);
	struct etran_held held;
	int err = etran_frame_peek(&bucket[b], &held);
	u64 due = i == FRAMES ? ETRAN_WHEEL_NEVER : is[i].due;

	if (i == FRAMES)
		MUST(err == -ENOENT);
	else if (is[i].state == ETRAN_FRAME_PENDING || fs.stopping)
		MUST(err == -EAGAIN);
	else
		MUST(!err && held.priv[0] == i);
	MUST(etran_frame_next(&bucket[b]) == due);
	MUST(etran_frame_any(&bucket[b]) == (i == FRAMES ? NULL : &frame[i]));
}

static void check(void)
{
	u32 i, ready = 0;

	for (i = 0; i < FRAMES; i++) {
		MUST(etran_frame_get(&fs, i) == is[i].state);
		MUST(frame[i].bucket == (queued(i) ? &bucket[is[i].in] : NULL));
		ready += is[i].state == ETRAN_FRAME_READY;
	}
	for (i = 0; i < BUCKETS; i++) {
		MUST(bucket[i].depth == depth(i));
		look(i);
	}
	MUST(fs.nr_ready == ready && atomic_read(&room) == model_room);
}

static void claim(u32 i)
{
	int err = etran_frame_claim(&fs, i);

	MUST(err == (is[i].state == ETRAN_FRAME_FREE ? 0 : -EBUSY));
	if (err)
		return;
	is[i].state = ETRAN_FRAME_EGRESS;
	claimed++;
}

static void step(void)
{
	u32 op = byte(), i = byte() % FRAMES, b = (op >> 4) % BUCKETS, last;

	switch (op & 15) {
	case 0:
	case 1:
		claim(i);
		break;
	case 2:
	case 3:		/* several */
		for (last = i + (op & 0x80 ? 4 : 0); i < FRAMES && i <= last; i++) {
			claim(i);
			hold(i, b);
			publish(i, false);
		}
		break;
	case 4:
		hold(i, b);
		break;
	case 5:
		publish(i, op & 0x80);
		break;
	case 6:
	case 7:
		dequeue(b);
		break;
	case 8:
		for (i = 0; i < FRAMES; i++)
			requeue(i, b);
		break;
	case 9:
		release(i, op & 0x80);
		break;
	case 10:
	case 11:
		pop(op & 0x80);
		break;
	case 12:
		settle(i);
		break;
	case 13:	/* what is nobody's frame */
		if (ring_head - ring_tail < CQ_SIZE)
			reserve(ETRAN_CQ_NO_FRAME | (op & 0x80 ? ETRAN_CQ_RETURN : 0));
		break;
	case 14:
		now += i;
		break;
	default:
		if (i == 0)
			fs.stopping = true;
		else if (i & 1)
			purge(i);
		else
			bucket[b].limit = i / 2;
	}
	check();
}

static void set_up(void)
{
	u32 i, how = byte();

	memset(&fs, 0, sizeof(fs));
	memset(frame, 0, sizeof(frame));
	memset(state, 0, sizeof(state));
	memset(bucket, 0, sizeof(bucket));
	memset(bits, 0, sizeof(bits));
	memset(is, 0, sizeof(is));
	fs.frame = frame;
	fs.state = state;
	fs.cq = cq;
	etran_frames_init(&fs, FRAMES, CQ_SIZE);
	etran_wheel_init(&wheel, SLOTS, WIDTH, how >> 4 & 3, slot, bits);
	model_room = 1 + how % 16 * 2;
	atomic_set(&room, model_room);
	for (i = 0; i < BUCKETS; i++) {
		etran_bucket_init(&bucket[i], i, 8);
		bucket[i].room = &room;
	}
	bucket[BUCKETS - 1].wheel = &wheel;
	next_rank = 0;
	front_rank = 0;
	ring_head = 0;
	ring_tail = 0;
	returned = 0;
	claimed = 0;
	now = 1000;
}

/* As in a teardown: every frame comes back, once. */
static void tear_down(void)
{
	u32 i;

	fs.stopping = true;
	for (i = 0; i < FRAMES; i++) {
		publish(i, false);
		purge(i);
		requeue(i, i % BUCKETS);
		release(i, true);
		check();
	}
	while (first(0, true) < FRAMES) {
		pop(false);
		settle(CQ_SIZE);
	}
	settle(CQ_SIZE);
	check();
	MUST(claimed == returned);
	for (i = 0; i < FRAMES; i++)
		MUST(is[i].state == ETRAN_FRAME_FREE);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	at = data;
	end = data + len;
	set_up();
	while (at < end)
		step();
	tear_down();
	return 0;
}

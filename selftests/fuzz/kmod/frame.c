// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/frame.c and bucket.c on one CPU, against a table of who has each frame, by chosen
 * bytes: two FIFOs and a wheel of one map with limits, requeue, release, a completion
 * ring whose tenant writes anything into it, a driver that says anything, and teardown
 * at any moment. unit/kmod/ has two CPUs.
 *
 * runs: 30000
 */
#include "kmod/frame.c"
#include "kmod/bucket.c"
#include "kmod/wheel.c"

#include "must.h"

#define FRAMES	12U
#define BUCKETS	3U		/* the last is a wheel */
#define SLOTS	64U
#define WIDTH	10U
#define SHIFT	11
#define CQ_SIZE	8U

static struct etran_frames fs;
static struct etran_frame frame[FRAMES];
static struct etran_chunk chunk[FRAMES];
static u64 desc[CQ_SIZE];
static u32 producer, consumer;
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
	s64 rank;		/* among those of its bucket or FIFO */
	u32 offset;
	bool drop;
} is[FRAMES];
static s64 next_rank, front_rank;
static int model_room;
static u32 written, returned, claimed;
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

/* The tenant's, at this moment. */
u32 user_load(const u32 *p)
{
	static const s32 at[] = { 0, 1, 2, CQ_SIZE - 1, CQ_SIZE, CQ_SIZE + 1, -1, 1 << 30 };
	u32 what = byte();

	MUST(p == &consumer);
	if (!(what & 8))
		return consumer;	/* it was honest */
	consumer = written - at[what & 7];
	producer = byte();
	return consumer;
}

static u32 room_of(u32 at)
{
	return written - at <= CQ_SIZE ? CQ_SIZE - (written - at) : 0;
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

/* The first frame that is @queued in a bucket, or in a FIFO's state; FRAMES: none. */
static u32 first_in(u32 b, u8 state)
{
	u32 i, got = FRAMES;

	for (i = 0; i < FRAMES; i++) {
		if (state ? is[i].state != state : !queued(i) || is[i].in != b)
			continue;
		if (got == FRAMES || is[i].due < is[got].due ||
		    (is[i].due == is[got].due && is[i].rank < is[got].rank))
			got = i;
	}
	return got;
}

static u32 first(u32 b)
{
	return first_in(b, 0);
}

static void model_put(u32 i, u32 b, u8 how, const struct etran_place *p)
{
	is[i].state = how;
	is[i].in = b;
	is[i].due = b == BUCKETS - 1 ? p->due : 0;
	is[i].rank = p->front ? --front_rank : next_rank++;
	model_room--;
}

static void model_fifo(u32 i, u8 state)
{
	is[i].state = state;
	is[i].due = 0;
	is[i].rank = next_rank++;
}

static void model_ready(u32 i, bool drop)
{
	model_fifo(i, ETRAN_FRAME_READY);
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
	u32 i = first(b);
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
	etran_frame_release(&frame[i], is[i].state, drop);
	model_ready(i, drop);
}

/*
 * What the kernel did with what it read of the ring is what it may have done: of those
 * that are to go back the first @n did, all of them if there was room.
 */
static void model_back(u32 n, u32 before)
{
	u32 i;

	MUST(fs.cq.prod == before + n && producer == (n ? fs.cq.prod : producer));
	while (n--) {
		i = first_in(0, ETRAN_FRAME_BACK);
		MUST(i < FRAMES);
		MUST(desc[written % CQ_SIZE] == ((u64)i << SHIFT) + is[i].offset);
		is[i].state = ETRAN_FRAME_FREE;
		written++;
		returned++;
	}
	/* Nothing waits without reason. */
	MUST(first_in(0, ETRAN_FRAME_BACK) == FRAMES || !room_of(consumer));
}

/* To the NIC, or back, as in tx.c. */
static void pop(void)
{
	u32 i = first_in(0, ETRAN_FRAME_READY), n, before = fs.cq.prod;
	struct etran_frame *f;
	bool drop;

	f = etran_frame_pop(&fs, &drop);
	MUST(f == (i < FRAMES ? &frame[i] : NULL));
	if (!f)
		return;
	MUST(drop == (is[i].drop || fs.stopping));
	if (!drop) {
		model_fifo(i, ETRAN_FRAME_NIC);
		return;
	}
	n = etran_frame_give_back(&fs, i, ETRAN_FRAME_NIC);
	model_fifo(i, ETRAN_FRAME_BACK);
	model_back(n, before);
}

static void send(u32 i)
{
	if (is[i].state != ETRAN_FRAME_EGRESS)
		return;
	MUST(etran_frame_send(&fs, i));
	model_fifo(i, ETRAN_FRAME_NIC);
}

static void drop(u32 i)
{
	u32 before = fs.cq.prod, n;

	if (is[i].state != ETRAN_FRAME_EGRESS)
		return;
	n = etran_frame_give_back(&fs, i, ETRAN_FRAME_EGRESS);
	model_fifo(i, ETRAN_FRAME_BACK);
	model_back(n, before);
}

static void complete(u32 nb)
{
	u32 before = fs.cq.prod, n = etran_frames_completed(&fs, nb), i;

	while (nb-- && (i = first_in(0, ETRAN_FRAME_NIC)) < FRAMES)
		model_fifo(i, ETRAN_FRAME_BACK);
	model_back(n, before);
}

/* The last @nb were not taken. */
static void cancel(u32 nb)
{
	u32 before = fs.cq.prod, n, i, in_nic = 0;

	for (i = 0; i < FRAMES; i++)
		in_nic += is[i].state == ETRAN_FRAME_NIC;
	n = etran_frames_cancelled(&fs, nb);
	/* Those before them go round. */
	for (i = 0; nb < in_nic && i < in_nic - nb; i++)
		model_fifo(first_in(0, ETRAN_FRAME_NIC), ETRAN_FRAME_STATES);
	while ((i = first_in(0, ETRAN_FRAME_NIC)) < FRAMES)
		model_fifo(i, ETRAN_FRAME_BACK);
	while ((i = first_in(0, ETRAN_FRAME_STATES)) < FRAMES)
		model_fifo(i, ETRAN_FRAME_NIC);
	model_back(n, before);
}

static void flush(void)
{
	u32 before = fs.cq.prod;

	model_back(etran_frames_flush(&fs), before);
}

static void echo(void)
{
	bool waits = first_in(0, ETRAN_FRAME_BACK) < FRAMES;

	if (etran_frames_echo(&fs, 12345)) {
		MUST(!waits && room_of(consumer) && desc[written % CQ_SIZE] == 12345);
		written++;
	} else {
		MUST(waits || !room_of(consumer));
	}
}

static void purge(u32 i)
{
	u32 b = is[i].in;
	bool was = queued(i);

	/* Whoever purges has waited until no egress runs. */
	if (is[i].state == ETRAN_FRAME_PENDING)
		return;

	MUST(etran_frame_purge(&frame[i]) == (was ? &bucket[b] : NULL));
	if (!was)
		return;
	model_ready(i, true);
	model_room++;
}

static void look(u32 b)
{
	u32 i = first(b);
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
	u32 i, ready = 0, nic = 0, back = 0;

	for (i = 0; i < FRAMES; i++) {
		MUST(etran_frame_get(&fs, i) == is[i].state);
		MUST(frame[i].bucket == (queued(i) ? &bucket[is[i].in] : NULL));
		ready += is[i].state == ETRAN_FRAME_READY;
		nic += is[i].state == ETRAN_FRAME_NIC;
		back += is[i].state == ETRAN_FRAME_BACK;
	}
	for (i = 0; i < BUCKETS; i++) {
		MUST(bucket[i].depth == depth(i));
		look(i);
	}
	MUST(fs.ready.nr == ready && fs.nic.nr == nic && fs.back.nr == back);
	MUST(atomic_read(&room) == model_room && fs.cq.prod == written);
	MUST(!etran_frame_refusals.counter);
}

static void claim(u32 i)
{
	u32 offset = byte();
	int got = etran_frame_claim(&fs, ((u64)i << SHIFT) + offset);

	MUST(got == (is[i].state == ETRAN_FRAME_FREE ? (int)i : -EBUSY));
	if (got < 0)
		return;
	is[i].state = ETRAN_FRAME_EGRESS;
	is[i].offset = offset;
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
		pop();
		break;
	case 11:
		if (op & 0x80)
			send(i);
		else
			drop(i);
		break;
	case 12:
		complete(op & 0x80 ? UINT32_MAX - i : i / 2);
		break;
	case 13:
		if (op & 0x80)
			flush();
		else if (op & 0x40)
			cancel(i);
		else
			echo();
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
	memset(chunk, 0, sizeof(chunk));
	memset(desc, 0, sizeof(desc));
	memset(bucket, 0, sizeof(bucket));
	memset(bits, 0, sizeof(bits));
	memset(is, 0, sizeof(is));
	fs.frame = frame;
	fs.chunk = chunk;
	fs.cq = (struct etran_cq){
		.desc = desc, .producer = &producer, .consumer = &consumer,
		.size = CQ_SIZE, .prod = -3,
	};
	producer = -3;
	consumer = -3;
	written = -3;
	etran_frame_refusals.counter = 0;
	etran_frames_init(&fs, FRAMES, SHIFT);
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
	while (first_in(0, ETRAN_FRAME_READY) < FRAMES)
		pop();
	at = end;		/* honest from here on */
	complete(FRAMES);
	for (i = 0; i < FRAMES; i++) {
		consumer = written;
		flush();
	}
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

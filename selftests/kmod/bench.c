// SPDX-License-Identifier: GPL-2.0-only
/* The common set-up; see bench.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "bench.h"
#include "clock.h"
#include "ktap.h"

struct host bench_h1, bench_h2;
bool bench_copy, bench_strict, bench_spread;
const char *bench_ko;
unsigned int bench_cycles = 500;

static uint32_t last_run;

bool bench_zerocopy(void)
{
	return !bench_copy && strcmp(bench_h1.driver, "veth");
}

bool bench_final(const struct bench *b)
{
	return !bench_zerocopy() || b->xsk.shadow;
}

static bool open_transport(struct bench *b, const struct bench_opts *o)
{
	struct orders *orders;

	if (!CHECK_EQ(transport_load(&b->tr, &o->tr), 0, "load transport"))
		return false;
	orders = b->tr.orders;
	orders->run = b->sink.run;
	orders->tenant = BENCH_TENANT;
	orders->ifindex = b->near->ifindex;
	orders->queue = b->queue;
	orders->pkt_flags = !bench_zerocopy() || bench_strict || o->xsk.shadow;
	memcpy(orders->gen_dst, b->far->mac, 6);
	memcpy(orders->gen_src, b->near->mac, 6);
	if (!o->no_attach &&
	    !CHECK_EQ(transport_attach(&b->tr), 0, "attach transport"))
		return false;
	if (!o->no_ingress &&
	    !CHECK_EQ(transport_ingress(&b->tr, b->near), 0,
		      "attach ingress"))
		return false;
	return true;
}

static bool open_xsk(struct bench *b, const struct bench_opts *o)
{
	struct xsk_opts xo = o->xsk;
	uint64_t end = clock_ns() + PATIENCE_NS;
	int ret;

	xo.ifindex = b->near->ifindex;
	xo.queue = b->queue;
	xo.copy = !bench_zerocopy();
	/* Every chunk has one, so that any can be sent. */
	if (bench_strict && bench_zerocopy() && !xo.shadow)
		xo.shadow = xo.nr_chunks ?: 4096;
	/* Without frames a zero-copy queue receives nothing for anybody. */
	if (!xo.fill)
		xo.fill = 512;
	/* The pool of the case before may still be on its way out. */
	while ((ret = xsk_open(&b->xsk, &xo)) == -EBUSY && clock_ns() < end)
		clock_breathe();
	if (!CHECK_EQ(ret, 0, "AF_XDP socket"))
		return false;
	return CHECK_EQ(xsk_is_zerocopy(&b->xsk), bench_zerocopy(), "zero copy");
}

void bench_none(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	b->xsk.fd = -1;
	b->sink.fd = -1;
	b->fence.fd = -1;
}

bool bench_open(struct bench *b, const struct bench_opts *opts)
{
	static const struct bench_opts none;
	const struct bench_opts *o = opts ?: &none;

	bench_none(b);
	b->near = o->mirrored ? &bench_h2 : &bench_h1;
	b->far = o->mirrored ? &bench_h1 : &bench_h2;
	b->queue = o->xsk.queue;
	if (bench_spread && !b->queue && !o->receives)
		b->queue = last_run % b->near->queues;
	if (!CHECK_EQ(sink_open(&b->sink, b->far, ++last_run), 0, "far sink") ||
	    !CHECK_EQ(sink_open(&b->fence, b->near, last_run), 0, "near socket"))
		return false;
	host_enter(b->near);
	if (!o->no_transport &&
	    (!CHECK_EQ(nl_open(&b->nl), 0, "netlink family") ||
	     !open_transport(b, o)))
		return false;
	if (!open_xsk(b, o))
		return false;
	/* Copy mode loses what it sends before. */
	if (!CHECK(WAIT_FOR(host_running(b->near)), "no link"))
		return false;
	if (o->no_bind || o->no_attach || o->no_transport)
		return true;
	return CHECK_EQ(bench_bind(b), 0, "bind the queue");
}

int bench_bind(struct bench *b)
{
	const char *name = ops_field(b->tr.obj, b->tr.ops, "name");

	if (b->xsk.shadow)
		return nl_queue_bind_strict(&b->nl, b->xsk.fd, BENCH_TENANT, name,
					    b->xsk.shadow);
	return nl_queue_bind(&b->nl, b->xsk.fd, BENCH_TENANT, name, NULL);
}

void bench_close(struct bench *b)
{
	xsk_close(&b->xsk);
	transport_close(&b->tr);
	nl_close(&b->nl);
	sink_close(&b->sink);
	sink_close(&b->fence);
	host_enter_origin();
}

bool bench_submit(struct bench *b)
{
	uint32_t len = b->len ?: BENCH_LEN;
	int64_t chunk;

	if (!xsk_room(&b->xsk))
		return false;
	chunk = xsk_chunk(&b->xsk);
	if (chunk < 0)
		return false;
	frame_build(xsk_data(&b->xsk, chunk), b->far->mac, b->near->mac,
		    b->sink.run, PROBE_DATA, b->next_seq, len);
	if (b->absent_nth && b->next_seq % b->absent_nth == 0)
		b->absent++;
	b->next_seq++;
	xsk_submit(&b->xsk, chunk, len);
	return true;
}

/* Returns how much was seen to move. */
static uint64_t step(struct bench *b)
{
	if (xsk_pending(&b->xsk))
		CHECK_EQ(xsk_kick(&b->xsk), 0, "kick");
	return xsk_reap(&b->xsk) + sink_poll(&b->sink);
}

void bench_step(struct bench *b)
{
	step(b);
}

/* Sleep until something arrives, or for so short that nothing is missed. */
static void doze(struct bench *b)
{
	struct pollfd pfd = { .fd = b->sink.fd, .events = POLLIN };

	poll(&pfd, 1, 1);
}

static uint64_t under_way(const struct bench *b)
{
	uint64_t waited = b->xsk.submitted - b->absent;
	uint64_t sent = b->sink.received < waited ? waited - b->sink.received : 0;
	uint64_t owed = b->xsk.submitted - b->xsk.completed;

	return sent > owed ? sent : owed;
}

bool bench_push(struct bench *b, uint64_t count)
{
	uint64_t window = b->window ?: 128;
	uint64_t end = clock_ns() + PATIENCE_NS;
	uint64_t moved;

	while (count) {
		moved = 0;
		while (count && moved < 64 && under_way(b) < window &&
		       bench_submit(b)) {
			count--;
			moved++;
		}
		moved += step(b);
		if (moved)
			end = clock_ns() + PATIENCE_NS;
		else if (clock_ns() > end)
			return CHECK(false,
				     "stuck: %llu submitted, %llu completed, %llu received",
				     (unsigned long long)b->xsk.submitted,
				     (unsigned long long)b->xsk.completed,
				     (unsigned long long)b->sink.received);
		else
			doze(b);
	}
	return true;
}

bool bench_settle(struct bench *b, uint64_t completed, uint64_t received)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while (b->xsk.completed < completed || b->sink.received < received ||
	       xsk_pending(&b->xsk)) {
		if (step(b))
			end = clock_ns() + PATIENCE_NS;
		else if (clock_ns() > end)
			break;
		else
			doze(b);
	}
	return CHECK_EQ(b->xsk.completed, completed, "frames completed") &
	       CHECK_EQ(b->sink.received, received, "packets received");
}

bool bench_settle_frames(struct bench *b)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while (b->xsk.completed < b->xsk.submitted && clock_ns() < end)
		if (step(b))
			end = clock_ns() + PATIENCE_NS;
		else
			doze(b);
	return CHECK_EQ(b->xsk.completed, b->xsk.submitted, "frames completed");
}

bool bench_fence(struct bench *b)
{
	uint64_t fences = b->sink.fences;
	uint64_t end = clock_ns() + PATIENCE_NS;

	if (!CHECK_EQ(sink_send(&b->fence, b->far->mac, PROBE_FENCE, 0,
				PROBE_MIN_LEN, 1), 0, "send a fence"))
		return false;
	while (b->sink.fences == fences && clock_ns() < end)
		if (!step(b))
			doze(b);
	return CHECK(b->sink.fences > fences, "the fence did not arrive");
}

bool bench_counters(struct bench *b, struct nl_counters *c)
{
	struct nl_queue q;

	if (!CHECK_EQ(nl_queue_get(&b->nl, b->near->ifindex, b->queue, &q), 0,
		      "queue-get"))
		return false;
	*c = q.c;
	return true;
}

void bench_check_rest(struct bench *b, uint64_t holding)
{
	struct nl_counters c;
	uint64_t completed, in_nic;

	CHECK_EQ(b->xsk.dup, 0, "frames completed twice");
	CHECK_EQ(b->xsk.foreign, 0, "completions of no frame");
	if (!bench_counters(b, &c))
		return;
	completed = c.v[ETRAN_A_COUNTERS_COMPLETED];
	in_nic = c.v[ETRAN_A_COUNTERS_IN_NIC];
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_REFUSED], b->refused, "refused");
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_PEEKED], b->xsk.submitted + b->refused, "peeked");
	CHECK_EQ(completed, b->xsk.completed, "completed");
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_HOLDING], holding, "holding");
	CHECK_EQ(in_nic, 0, "in the NIC");
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_PEEKED],
		 completed + c.v[ETRAN_A_COUNTERS_REFUSED] + holding + in_nic,
		 "leaked frames: peeked against completed + refused + holding + in-nic");
}

void bench_check_sink(struct bench *b)
{
	CHECK_EQ(b->sink.dup, 0, "packets received twice");
	CHECK_EQ(b->sink.corrupt, 0, "packets received damaged");
	CHECK_EQ(b->sink.ooo, 0, "packets received out of order");
}

void bench_check_seen(struct bench *b)
{
	const struct seen *s = b->tr.seen;
	unsigned int i;

	CHECK_EQ(s->ctx_bad, 0, "egress contexts that do not fit the packet");
	CHECK_EQ(s->data_null, 0, "packets whose bytes egress could not get");
	CHECK_EQ(s->priv_bad, 0, "held packets with another private memory");
	CHECK_EQ(s->held_bad, 0, "held packets that are not what was held");
	CHECK_EQ(s->bucket_ooo, 0, "packets out of order in their bucket");
	CHECK_EQ(s->gen_bad, 0, "gen contexts that are not what was asked");
	for (i = 0; i < PROBE_ALL_TIMERS; i++) {
		if (!s->timer[i].overlap && !s->timer[i].early)
			continue;
		CHECK(false, "timer %u: %u overlapping, %llu early runs", i,
		      s->timer[i].overlap, (unsigned long long)s->timer[i].early);
	}
}

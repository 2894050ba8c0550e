// SPDX-License-Identifier: GPL-2.0-only
/* Generated frames: each accepted request makes one call of gen, no other. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "nic.h"
#include "suites.h"

#define COUNT	1000

static bool transport_counters(struct bench *b, const char *name,
			       struct nl_counters *c)
{
	struct nl_transport t;

	if (!CHECK_EQ(nl_transport_get(&b->nl, name, &t), 0, "transport-get"))
		return false;
	*c = t.c;
	return true;
}

/* Ask from the far end, so many under way that no queue overflows. */
static void ask_from_far(struct bench *b, uint64_t count)
{
	const volatile struct seen *s = b->tr.seen;
	uint64_t first, n;

	for (first = 0; first < count; first += n) {
		n = count - first < 32 ? count - first : 32;
		if (!CHECK_EQ(sink_send(&b->sink, b->near->mac, PROBE_ASK,
					first, PROBE_MIN_LEN, n), 0, "ask"))
			return;
		if (!CHECK(WAIT_FOR((sink_poll(&b->sink),
				     s->asked + s->ask_refused >= first + n &&
				     s->gen >= s->asked)),
			   "%llu asked, %llu refused, %llu calls of gen, of %llu",
			   (unsigned long long)s->asked,
			   (unsigned long long)s->ask_refused,
			   (unsigned long long)s->gen,
			   (unsigned long long)(first + n)))
			return;
	}
}

/* What gen made went out once, and the counters say so. */
static void check_replies(struct bench *b, uint64_t asked, uint64_t skipped)
{
	struct nl_counters c;
	uint64_t sent = asked - skipped;

	CHECK(WAIT_FOR((sink_poll(&b->sink), b->sink.replies >= sent)),
	      "%llu replies of %llu", (unsigned long long)b->sink.replies,
	      (unsigned long long)sent);
	bench_fence(b);
	CHECK_EQ(b->sink.replies, sent, "replies");
	CHECK_EQ(b->sink.reply_dup, 0, "replies that came twice");
	CHECK_EQ(b->sink.reply_ooo, 0, "replies out of order");
	CHECK_EQ(b->sink.corrupt, 0, "damaged replies");
	CHECK_EQ(b->tr.seen->asked, asked, "accepted requests");
	CHECK_EQ(b->tr.seen->gen, asked, "calls of gen");
	if (!transport_counters(b, "probe", &c))
		return;
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_GEN_REQUESTS], asked, "gen-requests");
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_GEN_SENT], sent, "gen-sent");
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_GEN_SKIPPED], skipped, "gen-skipped");
	CHECK_EQ(c.v[ETRAN_A_COUNTERS_GEN_FAILED], 0, "gen-failed");
	bench_check_seen(b);
}

/* Ingress eats the packet: the driver never flushes. */
static void asked_without_flush(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		ask_from_far(&b, COUNT);
		check_replies(&b, COUNT, 0);
	}
	bench_close(&b);
}

/* Ingress redirects the packet: the driver flushes. */
static void asked_with_flush(void)
{
	static const struct bench_opts opts = { .xsk.fill = 1024, .receives = true };
	uint64_t got = 0, first;
	uint32_t key = 0;
	struct bench b;

	if (bench_open(&b, &opts)) {
		b.tr.orders->ask_flush = 1;
		CHECK_EQ(bpf_map_update_elem(b.tr.xsks_fd, &key, &b.xsk.fd, 0), 0,
			 "put the socket into the XSKMAP");
		for (first = 0; first < 10; first++) {
			CHECK_EQ(sink_send(&b.sink, b.near->mac, PROBE_ASK,
					   first * 32, PROBE_MIN_LEN, 32), 0,
				 "ask");
			CHECK(WAIT_FOR((sink_poll(&b.sink),
					b.tr.seen->gen >= (first + 1) * 32)),
			      "%llu calls of gen",
			      (unsigned long long)b.tr.seen->gen);
			for (; xsk_rx_peek(&b.xsk); got++)
				xsk_rx_release(&b.xsk, true);
		}
		WAIT_FOR(xsk_rx_peek(&b.xsk) ?
			 (xsk_rx_release(&b.xsk, true), got++, false) :
			 got >= 320);
		CHECK_EQ(got, 320, "redirected packets");
		check_replies(&b, 320, 0);
	}
	bench_close(&b);
}

static void asked_by_egress(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.tr.orders->act = ACT_ASK;
		b.window = 32;
		bench_push(&b, COUNT);
		bench_settle(&b, COUNT, COUNT);
		check_replies(&b, COUNT - b.tr.seen->ask_refused, 0);
		CHECK_EQ(b.tr.seen->ask_refused, 0, "refused");
		bench_check_rest(&b, 0);
		bench_check_sink(&b);
	}
	bench_close(&b);
}

static void asked_by_syscall(void)
{
	uint64_t accepted = 0, n;
	struct bench b;
	int i;

	if (bench_open(&b, NULL)) {
		for (i = 0; i < 50; i++) {
			CHECK_EQ(transport_ask(&b.tr, accepted, b.near->ifindex,
					       10, &n), 0, "ask");
			accepted += n;
			CHECK(WAIT_FOR((sink_poll(&b.sink),
					b.sink.replies >= accepted)),
			      "%llu replies",
			      (unsigned long long)b.sink.replies);
		}
		check_replies(&b, 500, 0);
	}
	bench_close(&b);
}

/* More than fits: refused, never lost; what was accepted is generated. */
static void flood(void)
{
	const volatile struct seen *s;
	uint64_t accepted = 0, refused = 0, n;
	struct nl_counters c;
	struct bench b;
	int64_t ret;
	int i;

	if (bench_open(&b, NULL)) {
		s = b.tr.seen;
		for (i = 0; i < 4; i++) {
			ret = transport_ask(&b.tr, i * 8000, b.near->ifindex,
					    8000, &n);
			CHECK(!ret || ret == -ENOSPC, "flood: %lld",
			      (long long)ret);
			accepted += n;
			refused += 8000 - n;
			CHECK(WAIT_FOR((sink_poll(&b.sink), s->gen >= accepted)),
			      "%llu calls of gen of %llu",
			      (unsigned long long)s->gen,
			      (unsigned long long)accepted);
		}
		ktap_note("%llu accepted, %llu refused",
			  (unsigned long long)accepted,
			  (unsigned long long)refused);
		CHECK_EQ(s->gen, accepted, "calls of gen");
		CHECK_EQ(s->ask_refused, refused, "refusals");
		if (transport_counters(&b, "probe", &c)) {
			uint64_t sent = c.v[ETRAN_A_COUNTERS_GEN_SENT];

			CHECK_EQ(sent + c.v[ETRAN_A_COUNTERS_GEN_FAILED],
				 accepted, "sent or failed");
			CHECK(sent > 0, "nothing was sent");
			/*
			 * How many arrive says more of the queues behind the
			 * NIC, which overflow uncounted, than of the module;
			 * the other cases, which fit, count every reply.
			 */
			bench_fence(&b);
			CHECK(b.sink.replies > 0 && b.sink.replies <= sent,
			      "%llu replies of %llu",
			      (unsigned long long)b.sink.replies,
			      (unsigned long long)sent);
		}
		CHECK_EQ(b.sink.reply_dup, 0, "replies that came twice");
		CHECK_EQ(b.sink.corrupt, 0, "damaged replies");
	}
	bench_close(&b);
}

static void nothing_to_send(void)
{
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.tr.orders->gen_skip = 2;
		ask_from_far(&b, 500);
		check_replies(&b, 500, 250);
	}
	bench_close(&b);
}

/* Lengths that gen may not return: nothing leaves, nothing breaks. */
static void bad_lengths(void)
{
	static const int32_t rets[] = {
		1, 13, ETRAN_GEN_MAX + 1, 4096, INT32_MAX, -1, INT32_MIN,
	};
	struct nl_counters c;
	struct bench b;
	unsigned int i;

	if (bench_open(&b, NULL)) {
		for (i = 0; i < ARRAY_SIZE(rets); i++) {
			b.tr.orders->gen_ret = rets[i];
			CHECK_EQ(transport_ask(&b.tr, i * 8, b.near->ifindex, 8,
					       NULL), 0, "ask");
			CHECK(WAIT_FOR(b.tr.seen->gen >= (i + 1) * 8),
			      "%llu calls of gen",
			      (unsigned long long)b.tr.seen->gen);
		}
		bench_fence(&b);
		CHECK_EQ(b.sink.replies, 0, "replies");
		if (transport_counters(&b, "probe", &c)) {
			CHECK_EQ(c.v[ETRAN_A_COUNTERS_GEN_SENT], 0, "gen-sent");
			CHECK_EQ(c.v[ETRAN_A_COUNTERS_GEN_SKIPPED] +
				 c.v[ETRAN_A_COUNTERS_GEN_FAILED],
				 ARRAY_SIZE(rets) * 8, "skipped or failed");
		}
		/* The next good one is good. */
		b.tr.orders->gen_ret = 0;
		transport_ask(&b.tr, 1000, b.near->ifindex, 1, NULL);
		CHECK(WAIT_FOR((sink_poll(&b.sink), b.sink.replies == 1)),
		      "no reply after all that");
		CHECK_EQ(b.sink.corrupt, 0, "damaged replies");
	}
	bench_close(&b);
}

static void no_such_device(void)
{
	struct nl_counters c;
	struct bench b;

	if (bench_open(&b, NULL)) {
		b.tr.orders->ifindex = 99999;
		transport_ask(&b.tr, 1, 99999, 4, NULL);
		transport_ask(&b.tr, 1, 0, 4, NULL);
		CHECK(WAIT_FOR(transport_counters(&b, "probe", &c) &&
			       c.v[ETRAN_A_COUNTERS_GEN_REQUESTS] ==
			       c.v[ETRAN_A_COUNTERS_GEN_SKIPPED] +
			       c.v[ETRAN_A_COUNTERS_GEN_FAILED]),
		      "requests for no device never end");
		CHECK_EQ(c.v[ETRAN_A_COUNTERS_GEN_SENT], 0, "gen-sent");
	}
	bench_close(&b);
}

static void refused(void)
{
	static const struct bench_opts no_gen = { .tr.ops = "bare" };
	static const struct bench_opts alone = { .tr.unassociated = true };
	struct bench b;

	if (bench_open(&b, &no_gen))
		CHECK_EQ(transport_ask(&b.tr, 1, b.near->ifindex, 1, NULL),
			 -EOPNOTSUPP, "ask without a gen op");
	bench_close(&b);
	if (bench_open(&b, &alone))
		CHECK_EQ(transport_ask(&b.tr, 1, b.near->ifindex, 1, NULL),
			 -ENOENT, "ask from a program that is not associated");
	bench_close(&b);
	if (bench_open(&b, NULL)) {
		transport_detach(&b.tr);
		CHECK_EQ(transport_ask(&b.tr, 1, b.near->ifindex, 1, NULL),
			 -ENOENT, "ask a detached transport");
		CHECK_EQ(b.tr.seen->gen, 0, "calls of gen");
	}
	bench_close(&b);
}

/* Requests may wait when their transport goes; the next one has no part. */
static void dies_with_its_transport(void)
{
	static const struct bench_opts opts = { .no_ingress = true };
	uint64_t called = 0, before;
	struct bench b;
	int i;

	if (bench_open(&b, &opts)) {
		for (i = 0; i < 10; i++) {
			before = called;
			transport_ask(&b.tr, 1, b.near->ifindex, 200, NULL);
			transport_detach(&b.tr);
			called = b.tr.seen->gen;
			CHECK(called - before <= 200, "%llu calls of gen for 200",
			      (unsigned long long)(called - before));
			CHECK_EQ(transport_attach(&b.tr), 0, "attach again");
			bench_fence(&b);
			CHECK_EQ(b.tr.seen->gen, called, "calls of gen after");
		}
	}
	bench_close(&b);
}

/* Two transports ask by turns on the same CPU: each has its frames, once. */
static void two_transports(void)
{
	static const struct bench_opts opts = { .no_ingress = true };
	struct transport other;
	struct bench b;
	int i;

	if (bench_open(&b, &opts) &&
	    CHECK_EQ(transport_load(&other, &(struct transport_opts){
				    .name = "other" }), 0, "load") &&
	    CHECK_EQ(transport_attach(&other), 0, "attach")) {
		*other.orders = *b.tr.orders;
		for (i = 0; i < 20; i++) {
			transport_ask(&b.tr, i * 10, b.near->ifindex, 10, NULL);
			transport_ask(&other, 1000 + i * 10, b.near->ifindex, 10, NULL);
			CHECK(WAIT_FOR((sink_poll(&b.sink),
					b.sink.replies == (i + 1) * 20ULL)),
			      "%llu replies of %d",
			      (unsigned long long)b.sink.replies, (i + 1) * 20);
		}
		CHECK_EQ(b.tr.seen->gen, 200, "calls of the one");
		CHECK_EQ(other.seen->gen, 200, "calls of the other");
		CHECK_EQ(b.sink.reply_dup, 0, "replies that came twice");
		CHECK_EQ(b.sink.corrupt, 0, "damaged replies");
		transport_close(&other);
	}
	bench_close(&b);
}

/*
 * A far NIC without receive buffers: QEMU takes no more from the near one, whose
 * queue fills and stays full.
 */
struct deaf {
	struct xsk xsk;
	cpu_set_t cpus;
};

static bool can_deafen(void)
{
	if (bench_zerocopy() && !strcmp(bench_h1.driver, "virtio_net"))
		return true;
	ktap_skip("%s sends whether anybody receives or not", bench_h1.driver);
	return false;
}

/* Requests wait on the CPU where they were made: be on one. */
static bool deafen(struct deaf *d, struct bench *b)
{
	struct xsk_opts opts = { .ifindex = b->far->ifindex, .nr_chunks = 1024 };
	cpu_set_t set;
	int ret;

	sched_getaffinity(0, sizeof(d->cpus), &d->cpus);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	host_enter(b->far);
	WAIT_FOR((ret = xsk_open(&d->xsk, &opts)) != -EBUSY);
	host_enter(b->near);
	if (ret)
		sched_setaffinity(0, sizeof(d->cpus), &d->cpus);
	return CHECK_EQ(ret, 0, "far socket");
}

static void hear(struct deaf *d)
{
	struct pollfd pfd = { .fd = d->xsk.fd, .events = POLLIN };

	xsk_fill(&d->xsk, 512);
	poll(&pfd, 1, 0);
}

static void undeafen(struct deaf *d)
{
	xsk_close(&d->xsk);
	sched_setaffinity(0, sizeof(d->cpus), &d->cpus);
}

struct gen_count {
	uint64_t sent, failed;
};

static struct gen_count gen_count(struct bench *b, const char *name)
{
	struct nl_counters c = {};

	transport_counters(b, name, &c);
	return (struct gen_count) {
		.sent = c.v[ETRAN_A_COUNTERS_GEN_SENT],
		.failed = c.v[ETRAN_A_COUNTERS_GEN_FAILED],
	};
}

static bool all_gone(struct bench *b, struct gen_count *c, uint64_t asked)
{
	*c = gen_count(b, "probe");
	return c->sent + c->failed == asked;
}

/*
 * Whatever waited, what was sent came once, and as gen made it. Not in order: what
 * QEMU's hub keeps for a NIC without buffers is passed by what comes later.
 */
static void check_arrived(struct bench *b, uint64_t sent)
{
	CHECK(WAIT_FOR((sink_poll(&b->sink), b->sink.replies >= sent)),
	      "%llu replies of %llu", (unsigned long long)b->sink.replies,
	      (unsigned long long)sent);
	bench_fence(b);
	CHECK_EQ(b->sink.replies, sent, "replies");
	CHECK_EQ(b->sink.reply_dup, 0, "replies that came twice");
	CHECK_EQ(b->sink.corrupt, 0, "damaged replies");
}

/* More frames than a device's queue takes wait, are given up, and it recovers. */
static void device_stands_still(void)
{
	struct gen_count c = {};
	uint64_t start, n;
	struct bench b;
	struct deaf d;

	if (!can_deafen())
		return;
	if (bench_open(&b, NULL) && deafen(&d, &b)) {
		start = clock_ns();
		CHECK_EQ(transport_ask(&b.tr, 0, b.near->ifindex, 500, &n), 0, "ask");
		CHECK(WAIT_FOR(gen_count(&b, "probe").failed), "none is given up");
		CHECK(clock_ns() - start > 15 * NSEC_PER_MSEC, "given up after %llu us",
		      (unsigned long long)(clock_ns() - start) / 1000);
		CHECK(WAIT_FOR(all_gone(&b, &c, 500)), "%llu sent, %llu failed, of 500",
		      (unsigned long long)c.sent, (unsigned long long)c.failed);
		CHECK(c.sent > 0, "none was sent");
		hear(&d);
		check_arrived(&b, c.sent);
		CHECK_EQ(transport_ask(&b.tr, 500, b.near->ifindex, 10, &n), 0, "ask");
		check_arrived(&b, c.sent + 10);
		undeafen(&d);
	}
	bench_close(&b);
}

/*
 * Frames that were seen waiting are sent when there is room. On a slow machine
 * they are given up before anybody looks: not every time.
 */
static void sent_when_there_is_room(void)
{
	uint64_t waited = 0, n;
	struct gen_count before, c = {};
	struct bench b;
	struct deaf d;
	int i;

	if (!can_deafen())
		return;
	for (i = 0; i < 50 && !waited; i++) {
		if (bench_open(&b, NULL) && deafen(&d, &b)) {
			transport_ask(&b.tr, 0, b.near->ifindex, 400, &n);
			before = gen_count(&b, "probe");
			hear(&d);
			CHECK(WAIT_FOR((sink_poll(&b.sink), all_gone(&b, &c, n))),
			      "%llu sent, %llu failed, of %llu",
			      (unsigned long long)c.sent,
			      (unsigned long long)c.failed, (unsigned long long)n);
			if (!c.failed)
				waited = n - before.sent;
			check_arrived(&b, c.sent);
			undeafen(&d);
		}
		bench_close(&b);
	}
	ktap_note("attempt %d: %llu waited", i, (unsigned long long)waited);
	CHECK(waited, "none that waited was sent");
}

/* While one transport waits for its device, another's frames leave by lo. */
static void another_does_not_wait(void)
{
	struct gen_count mine = {}, theirs = {};
	struct transport other;
	uint64_t n, asked = 0;
	struct bench b;
	struct deaf d;
	bool overtook = false;
	int i;

	if (!can_deafen())
		return;
	if (bench_open(&b, NULL) &&
	    CHECK_EQ(transport_load(&other, &(struct transport_opts){
				    .name = "other" }), 0, "load") &&
	    CHECK_EQ(transport_attach(&other), 0, "attach")) {
		*other.orders = *b.tr.orders;
		other.orders->ifindex = if_nametoindex("lo");
		for (i = 1; i <= 50 && !overtook && deafen(&d, &b); i++) {
			transport_ask(&b.tr, asked, b.near->ifindex, 400, &n);
			asked += n;
			transport_ask(&other, 0, other.orders->ifindex, 10, NULL);
			CHECK(WAIT_FOR((theirs = gen_count(&b, "other"),
					theirs.sent == i * 10ULL)),
			      "%llu of %d sent", (unsigned long long)theirs.sent, i * 10);
			overtook = !all_gone(&b, &mine, asked);
			hear(&d);
			CHECK(WAIT_FOR((sink_poll(&b.sink), all_gone(&b, &mine, asked))),
			      "%llu sent, %llu failed, of %llu",
			      (unsigned long long)mine.sent,
			      (unsigned long long)mine.failed,
			      (unsigned long long)asked);
			check_arrived(&b, mine.sent);
			undeafen(&d);
		}
		CHECK(overtook, "the other one waited, too");
		transport_close(&other);
	}
	bench_close(&b);
}

/* A TAP device that nobody reads from: with back-pressure its queue stays full. */
static int dead_tap(const char *name)
{
	struct ifreq req = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_BACKPRESSURE };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	strncpy(req.ifr_name, name, IFNAMSIZ - 1);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &req)) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Two devices that stand still are asked by turns: each is waited for once, and a
 * third, whose requests come between theirs, has its frames soon.
 */
static void two_stand_still(void)
{
	uint32_t dead[2], lo = if_nametoindex("lo");
	struct gen_count c = {}, before = {};
	uint64_t start, n;
	struct bench b;
	int tap[2], i;

	if (bench_open(&b, NULL)) {
		tap[0] = dead_tap("dead0");
		tap[1] = dead_tap("dead1");
		if (!CHECK(tap[0] >= 0 && tap[1] >= 0, "TAP: %s", strerror(errno)) ||
		    !CHECK_EQ(host_run(b.near, "for i in dead0 dead1; do "
				       "tc qdisc replace dev $i root pfifo limit 8; "
				       "ip link set $i txqueuelen 4 up; done"), 0, "set up"))
			goto out;
		dead[0] = if_nametoindex("dead0");
		dead[1] = if_nametoindex("dead1");
		/* Fill both, and have both given up. */
		for (i = 0; i < 2; i++) {
			before = gen_count(&b, "probe");
			transport_ask(&b.tr, 0, dead[i], 40, NULL);
			CHECK(WAIT_FOR(gen_count(&b, "probe").failed > before.failed),
			      "device %d takes all", i);
		}
		CHECK(WAIT_FOR(all_gone(&b, &c, 80)), "%llu sent, %llu failed, of 80",
		      (unsigned long long)c.sent, (unsigned long long)c.failed);
		start = clock_ns();
		for (i = 0; i < 100; i++) {
			transport_ask(&b.tr, 0, dead[i % 2], 1, NULL);
			transport_ask(&b.tr, 0, lo, 1, NULL);
		}
		CHECK(WAIT_FOR(all_gone(&b, &before, 280)), "%llu sent, %llu failed, of 280",
		      (unsigned long long)before.sent, (unsigned long long)before.failed);
		n = clock_ns() - start;
		ktap_note("100 frames of a healthy device between two dead ones: %llu ms",
			  (unsigned long long)(n / NSEC_PER_MSEC));
		CHECK_EQ(before.sent - c.sent, 100, "sent by the healthy one");
		CHECK(n < 700 * NSEC_PER_MSEC, "it took %llu ms",
		      (unsigned long long)(n / NSEC_PER_MSEC));
out:
		close(tap[0]);
		close(tap[1]);
	}
	bench_close(&b);
}

static int end_transport(struct bench *b)
{
	transport_detach(&b->tr);
	return CHECK(WAIT_FOR(b->tr.seen->exit == 1), "no exit") ? 0 : -ETIMEDOUT;
}

static int end_link(struct bench *b)
{
	return host_down(b->near);
}

static int end_device(struct bench *b __attribute__((unused)))
{
	return nic_remove();
}

/* What was there comes back, and the next one's frames leave as ever. */
static void check_next(void)
{
	struct bench b;

	bench_none(&b);
	if (nic_restore() && bench_open(&b, NULL)) {
		CHECK_EQ(transport_ask(&b.tr, 0, b.near->ifindex, 10, NULL), 0, "ask");
		check_replies(&b, 10, 0);
	}
	bench_close(&b);
	CHECK_EQ(module_leaked(), 0, "leaked frames");
}

/* Frames wait for a busy device when it, or who asked for them, ends. */
static bool end_waiting(int (*end)(struct bench *b))
{
	struct gen_count c = {};
	bool waited = false;
	uint64_t n;
	struct bench b;
	struct deaf d;

	bench_none(&b);
	if (nic_open() && bench_open(&b, NULL) && deafen(&d, &b)) {
		transport_ask(&b.tr, 0, b.near->ifindex, 400, &n);
		c = gen_count(&b, "probe");
		waited = !c.failed && c.sent < n;
		CHECK_EQ(end(&b), 0, "end");
		if (end != end_transport)
			CHECK(WAIT_FOR(all_gone(&b, &c, n)),
			      "%llu sent, %llu failed, of %llu",
			      (unsigned long long)c.sent,
			      (unsigned long long)c.failed, (unsigned long long)n);
		undeafen(&d);
		if (end == end_link)
			host_run(b.near, "ip link set %s up", b.near->ifname);
	}
	bench_close(&b);
	check_next();
	nic_close();
	return waited;
}

static void ends_waiting(int (*end)(struct bench *b))
{
	bool waited = false;
	int i;

	if (!can_deafen())
		return;
	for (i = 0; i < 20 && !waited; i++)
		waited = end_waiting(end);
	CHECK(waited, "none waited at the end");
}

static void transport_ends_meanwhile(void)
{
	ends_waiting(end_transport);
}

static void link_ends_meanwhile(void)
{
	ends_waiting(end_link);
}

static void device_ends_meanwhile(void)
{
	ends_waiting(end_device);
}

static const struct ktap_case cases[] = {
	{ "asked_without_flush", asked_without_flush },
	{ "asked_with_flush", asked_with_flush },
	{ "asked_by_egress", asked_by_egress },
	{ "asked_by_syscall", asked_by_syscall },
	{ "flood", flood },
	{ "two_transports", two_transports },
	{ "nothing_to_send", nothing_to_send },
	{ "bad_lengths", bad_lengths },
	{ "no_such_device", no_such_device },
	{ "refused", refused },
	{ "dies_with_its_transport", dies_with_its_transport },
	{ "device_stands_still", device_stands_still },
	{ "sent_when_there_is_room", sent_when_there_is_room },
	{ "another_does_not_wait", another_does_not_wait },
	{ "two_stand_still", two_stand_still },
	{ "transport_ends_meanwhile", transport_ends_meanwhile },
	{ "link_ends_meanwhile", link_ends_meanwhile },
	{ "device_ends_meanwhile", device_ends_meanwhile },
};

const struct ktap_suite suite_gen = KTAP_SUITE("gen", cases);

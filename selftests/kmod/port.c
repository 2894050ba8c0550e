// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual ports: a socket on one device whose packets leave by another, which
 * may be refused, go away or move, with packets held and on their way.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

#define HELD	150

/* kt0 is where the socket is, kt2 another way out. */
static const char make_pairs[] =
	"ip link add kt0 type veth peer name kt1 && "
	"ip link add kt2 type veth peer name kt3 && "
	"for d in kt0 kt1 kt2 kt3; do ip link set $d up || exit 1; done";
static const char drop_pairs[] =
	"ip link del kt0; ip link del kt2; true";

static struct host port;

static int bind_by(struct bench *b, unsigned int out)
{
	return nl_queue_bind_out(&b->nl, b->xsk.fd, BENCH_TENANT, "probe", out,
				 NULL);
}

/* A bench whose socket is on kt0, not bound to the transport yet. */
static bool open_port(struct bench *b)
{
	static const struct bench_opts opts = {
		.no_bind = true, .no_ingress = true,
	};
	struct xsk_opts xo = { .copy = true };

	port = bench_h1;
	if (!bench_open(b, &opts) ||
	    !CHECK_EQ(system(make_pairs), 0, "make devices"))
		return false;
	xsk_close(&b->xsk);
	port.ifindex = xo.ifindex = if_nametoindex("kt0");
	b->near = &port;
	b->tr.orders->pkt_flags = 1;
	return CHECK_EQ(xsk_open(&b->xsk, &xo), 0, "AF_XDP socket on kt0");
}

static void close_port(struct bench *b)
{
	host_enter(&port);
	CHECK_EQ(system(drop_pairs), 0, "drop devices");
	bench_close(b);
}

static void leaves_by_the_nic(void)
{
	struct bench b;
	struct nl_queue q;

	if (open_port(&b) &&
	    CHECK_EQ(bind_by(&b, bench_h1.ifindex), 0, "bind")) {
		struct orders *o = b.tr.orders;

		/* What egress must see is the device that it leaves by. */
		o->ifindex = bench_h1.ifindex;
		o->nth = 3;
		o->nth_act = ACT_HOLD;
		o->buckets = 2;
		bench_push(&b, 600);
		bench_settle(&b, 600, 600);
		bench_check_rest(&b, 0);
		bench_check_seen(&b);
		CHECK_EQ(b.sink.dup, 0, "packets received twice");
		CHECK_EQ(b.sink.corrupt, 0, "packets received damaged");
		CHECK_EQ(nl_queue_get(&b.nl, port.ifindex, 0, &q), 0, "get");
		CHECK_EQ(q.out_ifindex, bench_h1.ifindex, "out-ifindex");
	}
	close_port(&b);
}

static void refused(void)
{
	struct nl_counters c;
	struct bench b;

	if (open_port(&b)) {
		host_enter(b.far);
		CHECK_EQ(system("ip link add ktfar index 4711 type veth"), 0,
			 "a device elsewhere");
		host_enter(b.near);
		CHECK_EQ(bind_by(&b, 4711), -ENODEV, "another namespace's");
		CHECK_EQ(bind_by(&b, 4712), -ENODEV, "nobody's");
		CHECK_EQ(bind_by(&b, if_nametoindex("lo")), -EINVAL,
			 "without Ethernet");
		CHECK_EQ(nl_queues(&b.nl), 0, "bound all the same");
		CHECK_EQ(bind_by(&b, bench_h1.ifindex), 0, "the NIC then");
		CHECK(bench_counters(&b, &c), "not bound");
		host_enter(b.far);
		CHECK_EQ(system("ip link del ktfar"), 0, "drop it");
		host_enter(b.near);
		if (bench_zerocopy()) {
			struct xsk_opts xo = { .ifindex = bench_h1.ifindex };

			xsk_close(&b.xsk);
			if (CHECK_EQ(xsk_open(&b.xsk, &xo), 0, "zero copy"))
				CHECK_EQ(bind_by(&b, if_nametoindex("kt2")),
					 -EOPNOTSUPP, "zero copy");
		}
	}
	close_port(&b);
}

/* HELD packets in buckets, as many just sent; then the way out is gone. */
static void gone(const char *how)
{
	struct bench b;
	int i;

	if (open_port(&b) &&
	    CHECK_EQ(bind_by(&b, if_nametoindex("kt2")), 0, "bind")) {
		struct orders *o = b.tr.orders;

		o->ifindex = if_nametoindex("kt2");
		o->nth = 2;
		o->nth_act = ACT_HOLD;
		o->buckets = 3;
		o->no_arm = 1;
		b.absent_nth = 1;
		b.window = 2 * HELD;
		bench_push(&b, 2 * HELD);
		CHECK(WAIT_FOR((bench_step(&b), b.tr.seen->hold_ok >= HELD)),
		      "not held");
		CHECK_EQ(system(how), 0, how);
		bench_push(&b, HELD / 2);
		for (i = 0; i < 3; i++)
			transport_arm(&b.tr, i, 0, 1);
		o->act = ACT_SEND;
		o->nth = 0;
		bench_push(&b, HELD);
		CHECK_EQ(nl_transport_detach(&b.nl, "probe"), 0, "detach");
		bench_settle_frames(&b);
		bench_check_rest(&b, 0);
	}
	close_port(&b);
}

static void removed(void)
{
	gone("ip link del kt2");
}

static void moved(void)
{
	gone("ip link set kt2 netns $(cat /run/hosts/h2)");
	host_enter(&bench_h2);
	CHECK_EQ(system("ip link del kt2"), 0, "drop it");
	host_enter_origin();
}

static const struct ktap_case cases[] = {
	{ "a socket's packets leave by another device", leaves_by_the_nic },
	{ "a way out that cannot be had is refused", refused },
	{ "the way out is removed", removed },
	{ "the way out moves to another namespace", moved },
};

const struct ktap_suite suite_port = KTAP_SUITE("port", cases);

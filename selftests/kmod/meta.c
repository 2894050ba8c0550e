// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times, and checksums that the NIC or the kernel fills in: what arrives is
 * compared, byte for byte, with what was sent and a checksum made here.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "meta.h"
#include "suites.h"

#define IP_AT		ETH_HLEN
#define TCP_SUM		16
#define UDP_SUM		6
#define FRAME_MAX	1514

struct mbench {
	struct bench b;
	struct meta_orders *orders;
	struct meta_seen *seen;
	int far;		/* gets all that arrives there */
	bool nic;		/* it has been seen to fill in checksums */
};

static void tune(struct bpf_object *obj)
{
	bpf_program__set_autoload(bpf_object__find_program_by_name(obj, "meta_ingress"),
				  true);
}

static const struct bench_opts opts = {
	.tr = { .ops = "meta_ops", .tune = tune },
};

static bool is_veth(void)
{
	return !strcmp(bench_h1.driver, "veth");
}

static void *value_of(struct mbench *m, const char *map)
{
	size_t size;

	return bpf_map__initial_value(bpf_object__find_map_by_name(m->b.tr.obj, map),
				      &size);
}

static bool mbench_open(struct mbench *m)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};

	memset(m, 0, sizeof(*m));
	m->far = -1;
	if (!bench_open(&m->b, &opts))
		return false;
	m->orders = value_of(m, ".data.meta");
	m->seen = value_of(m, ".data.meta_seen");
	host_enter(m->b.far);
	m->far = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ll.sll_ifindex = m->b.far->ifindex;
	bind(m->far, (struct sockaddr *)&ll, sizeof(ll));
	host_enter(m->b.near);
	/* The others have it on; here a checksum that is missing must be seen. */
	if (is_veth())
		host_run(m->b.near, "ethtool -K %s tx on > /dev/null", m->b.near->ifname);
	return CHECK(m->orders && m->seen && m->far >= 0, "socket and maps");
}

static void mbench_close(struct mbench *m)
{
	if (m->far >= 0) {
		close(m->far);
		if (is_veth())
			host_run(m->b.near, "ethtool -K %s tx off > /dev/null", m->b.near->ifname);
	}
	bench_close(&m->b);
}

/* ---- checksums ------------------------------------------------------- */

/* Words in memory order, not inverted. */
static uint16_t sum16(const uint8_t *p, uint32_t len, uint64_t sum)
{
	uint32_t i;

	for (i = 0; i < len; i += 2)
		sum += p[i] | (i + 1 < len ? p[i + 1] << 8 : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void random_bytes(uint8_t *p, uint32_t len)
{
	static uint32_t state = 1;

	while (len--) {
		state = state * 1103515245 + 12345;
		*p++ = state >> 16;
	}
}

static void build(struct mbench *m, uint8_t *f, uint32_t len, uint16_t proto)
{
	random_bytes(f, len);
	memcpy(f, m->b.far->mac, 6);
	memcpy(f + 6, m->b.near->mac, 6);
	put16(f + 12, htons(proto));
}

/* Send @f and wait for it at the far end; what comes there is in @got. */
static bool through(struct mbench *m, const uint8_t *f, uint32_t len, uint8_t *got)
{
	uint64_t before = m->b.xsk.submitted;
	int64_t chunk = xsk_chunk(&m->b.xsk);
	ssize_t n = 0;

	if (!CHECK(chunk >= 0, "no chunk"))
		return false;
	memcpy(xsk_data(&m->b.xsk, chunk), f, len);
	xsk_submit(&m->b.xsk, chunk, len);
	return bench_settle_frames(&m->b) &&
	       CHECK(WAIT_FOR((n = recv(m->far, got, FRAME_MAX, 0)) == (ssize_t)len &&
			      !memcmp(got, f, ETH_HLEN)),
		     "packet %llu of %u bytes did not arrive",
		     (unsigned long long)before, len);
}

/*
 * @f has in its checksum what the pseudo header would be. Returns what the
 * kernel said, or -EIO when what arrived is wrong.
 */
static int fill(struct mbench *m, uint8_t *f, uint32_t len, uint32_t start,
		uint32_t offset)
{
	uint16_t want = ~sum16(f + start, len - start, 0), is;
	uint32_t at = start + offset;
	uint8_t got[FRAME_MAX];
	int ret;

	m->orders->start = start;
	m->orders->offset = offset;
	if (!through(m, f, len, got))
		return -EIO;
	ret = m->orders->where & META_EGRESS ? m->seen->egress_fill : m->seen->timer_fill;
	is = get16(got + at);
	/* Both are zero; a NIC may say it either way. */
	if (!want && (is || ret != 1))
		want = 0xffff;
	if (!CHECK(is == want, "%u bytes from %u, sum at %u: %04x, wanted %04x",
		   len, start, at, is, want))
		return -EIO;
	put16(got + at, get16(f + at));
	return CHECK(!memcmp(got, f, len), "more than the checksum changed") ? ret : -EIO;
}

/* What no NIC can be asked for is done at once: any place, any length. */
static void fill_anywhere(void)
{
	static const uint32_t at[][3] = {	/* length, start, offset */
		{ 60, 0, 14 }, { 60, 14, 0 }, { 60, 58, 0 }, { 61, 15, 4 },
		{ 64, 33, 30 - 2 }, { 127, 14, 112 - 2 }, { 1001, 99, 900 },
		{ 1514, 34, 16 }, { 1514, 1511, 0 }, { 1514, 35, 1476 },
	};
	struct mbench m;
	uint8_t f[FRAME_MAX];
	unsigned int i;

	if (mbench_open(&m)) {
		for (i = 0; i < ARRAY_SIZE(at); i++) {
			m.orders->where = i % 2 ? META_EGRESS : META_TIMER;
			build(&m, f, at[i][0], PROBE_ETHERTYPE);
			CHECK_EQ(fill(&m, f, at[i][0], at[i][1], at[i][2]), 0,
				 "done by the kernel");
		}
		/* A sum of zero is stored as 0xffff. */
		memset(f + ETH_HLEN, 0, 50);
		put16(f + 20, 0xffff);
		m.orders->where = META_EGRESS;
		CHECK_EQ(fill(&m, f, 64, 14, 2), 0, "done by the kernel");
		bench_check_rest(&m.b, 0);
	}
	mbench_close(&m);
}

static void fill_refused(void)
{
	static const uint32_t at[][2] = {	/* start, offset; of 64 bytes */
		{ 0, 1 }, { 14, 17 }, { 63, 0 }, { 64, 0 }, { 65, 0 }, { 0, 64 },
		{ 0, 63 }, { 34, 30 }, { 2, 62 }, { UINT32_MAX, 0 },
		{ 0, UINT32_MAX - 1 }, { UINT32_MAX, 2 }, { 2, UINT32_MAX - 1 },
		{ 14, 1U << 31 }, { 1U << 16, 16 }, { (1U << 16) + 14, 16 },
	};
	uint8_t f[64], got[FRAME_MAX];
	struct mbench m;
	unsigned int i;

	if (mbench_open(&m)) {
		for (i = 0; i < ARRAY_SIZE(at); i++) {
			m.orders->where = i % 2 ? META_EGRESS : META_TIMER;
			m.orders->start = at[i][0];
			m.orders->offset = at[i][1];
			build(&m, f, sizeof(f), PROBE_ETHERTYPE);
			if (!through(&m, f, sizeof(f), got))
				break;
			CHECK_EQ(i % 2 ? m.seen->egress_fill : m.seen->timer_fill,
				 -EINVAL, "what it said");
			CHECK(!memcmp(f, got, sizeof(f)), "start %u, offset %u: changed",
			      at[i][0], at[i][1]);
		}
		bench_check_rest(&m.b, 0);
	}
	mbench_close(&m);
}

/* Who should have done it? Returns what is to be expected of a good packet. */
static int filler(struct mbench *m, int ret)
{
	if (bench_zerocopy() || is_veth())
		return 0;
	/* igb always can; of virtio it depends on the machine around it. */
	if (!strcmp(m->b.near->driver, "igb"))
		return 1;
	return ret;
}

/* An IPv4 or IPv6 header with @proto behind it. */
static uint32_t build_ip(struct mbench *m, uint8_t *f, uint32_t len, bool six,
			 uint8_t proto)
{
	uint32_t start = IP_AT + (six ? 40 : 20), at;

	build(m, f, len, six ? ETH_P_IPV6 : ETH_P_IP);
	if (six) {
		f[IP_AT] = 0x60;
		put16(f + IP_AT + 4, htons(len - start));
		f[IP_AT + 6] = proto;
		f[IP_AT + 8] = 0x20;	/* of documentation: nobody */
		f[IP_AT + 24] = 0x20;
	} else {
		f[IP_AT] = 0x45;
		put16(f + IP_AT + 2, htons(len - IP_AT));
		put16(f + IP_AT + 6, 0);
		f[IP_AT + 9] = proto;
		put16(f + IP_AT + 10, 0);
		f[IP_AT + 16] = 192;
		f[IP_AT + 17] = 0;
		put16(f + IP_AT + 10, ~sum16(f + IP_AT, 20, 0));
	}
	at = start + (proto == IPPROTO_TCP ? TCP_SUM : UDP_SUM);
	if (proto == IPPROTO_TCP) {
		f[start + 12] = 0x50;
	} else {
		put16(f + start + 4, htons(len - start));
	}
	put16(f + at, sum16(f + IP_AT + (six ? 8 : 12), six ? 32 : 8,
			    htons(proto) + htons(len - start)));
	return start;
}

static void fill_plain(struct mbench *m, uint32_t where)
{
	static const uint32_t lens[] = { 74, 75, 128, 1001, 1514 };
	uint8_t f[FRAME_MAX], proto;
	uint32_t start, i;
	int ret;

	m->orders->where = where;
	for (i = 0; i < ARRAY_SIZE(lens) * 4; i++) {
		proto = i & 1 ? IPPROTO_TCP : IPPROTO_UDP;
		start = build_ip(m, f, lens[i / 4], i & 2, proto);
		ret = fill(m, f, lens[i / 4], start,
			   proto == IPPROTO_TCP ? TCP_SUM : UDP_SUM);
		if (!CHECK_EQ(ret, filler(m, ret), "who filled it in"))
			return;
		m->nic |= ret == 1;
		if (m->nic && where & META_EGRESS)
			CHECK_EQ(m->seen->other_fill, -EALREADY, "another place");
		/* Asked for again, the NIC still has to do it only once. */
		if (m->nic && where == (META_EGRESS | META_TIMER))
			CHECK_EQ(m->seen->timer_fill, 1, "asked for again");
	}
}

static void fill_tcp_udp(void)
{
	struct mbench m;

	if (mbench_open(&m)) {
		fill_plain(&m, META_EGRESS);
		fill_plain(&m, META_TIMER);
		if (m.nic)
			fill_plain(&m, META_EGRESS | META_TIMER);
		ktap_note("checksums of TCP and UDP: %s", m.nic ? "the NIC" : "the kernel");
		bench_check_rest(&m.b, 0);
	}
	mbench_close(&m);
}

/* What looks like TCP and is not quite: no NIC must see the request. */
static void fill_not_by_nic(void)
{
	uint8_t f[FRAME_MAX];
	struct mbench m;
	uint32_t start;

	if (mbench_open(&m)) {
		m.orders->where = META_EGRESS;
		start = build_ip(&m, f, 200, false, IPPROTO_TCP);
		CHECK_EQ(fill(&m, f, 200, start + 2, TCP_SUM), 0, "not where TCP begins");
		CHECK_EQ(fill(&m, f, 200, start, UDP_SUM), 0, "not where TCP has it");
		f[IP_AT + 6] = 0x20;
		CHECK_EQ(fill(&m, f, 200, start, TCP_SUM), 0, "a fragment");
		f[IP_AT + 6] = 0;
		f[IP_AT] = 0x46;
		CHECK_EQ(fill(&m, f, 200, start, TCP_SUM), 0, "options");
		f[IP_AT] = 0x65;
		CHECK_EQ(fill(&m, f, 200, start, TCP_SUM), 0, "another version");
		start = build_ip(&m, f, 200, false, 132);
		CHECK_EQ(fill(&m, f, 200, start, TCP_SUM), 0, "another protocol");
		start = build_ip(&m, f, 77, false, IPPROTO_TCP);
		f[IP_AT] = 0x4b;
		CHECK_EQ(fill(&m, f, 77, IP_AT + 44, TCP_SUM), 0, "half a TCP header");
		start = build_ip(&m, f, 200, true, IPPROTO_TCP);
		f[IP_AT + 6] = 59;
		CHECK_EQ(fill(&m, f, 200, start, TCP_SUM), 0, "nothing behind the header");
		bench_check_rest(&m.b, 0);
	}
	mbench_close(&m);
}

/* ---- times ----------------------------------------------------------- */

static void check_time(int64_t clock, uint64_t ns, uint64_t from, uint64_t to,
		       const char *what)
{
	CHECK_EQ(clock, 0, what);
	CHECK(ns >= from && ns <= to, "%s: %llu is not in %llu..%llu", what,
	      (unsigned long long)ns, (unsigned long long)from, (unsigned long long)to);
}

static void tx_time(void)
{
	uint8_t f[64], got[FRAME_MAX];
	uint64_t begin, end;
	struct nl_queue q;
	struct mbench m;

	if (mbench_open(&m)) {
		build(&m, f, sizeof(f), PROBE_ETHERTYPE);
		CHECK(!nl_queue_get(&m.b.nl, m.b.near->ifindex, 0, &q) && !q.completed_at,
		      "queue-get knows a time before the first packet");
		begin = clock_ns();
		if (!through(&m, f, sizeof(f), got))
			goto out;
		end = clock_ns();
		CHECK_EQ(m.seen->egress_clock, -ENODATA, "before the first packet");

		/* What is dropped was not sent. */
		m.orders->where = META_DROP;
		bench_push(&m.b, 10);
		bench_settle_frames(&m.b);
		CHECK(!nl_queue_get(&m.b.nl, m.b.near->ifindex, 0, &q), "queue-get");
		check_time(0, q.completed_at, begin, end, "completed-at");

		m.orders->where = META_TIMER;
		m.orders->start = ETH_HLEN;
		if (!through(&m, f, sizeof(f), got))
			goto out;
		check_time(m.seen->egress_clock, m.seen->egress_ns, begin, end, "egress");
		check_time(m.seen->timer_clock, m.seen->timer_ns, begin, end, "timer");
		bench_check_rest(&m.b, 0);
	}
out:
	mbench_close(&m);
}

/* One test packet into the XDP program, and the time that it was told. */
static void rx_one(struct mbench *m, const char *what)
{
	uint64_t begin = clock_ns(), nr = m->seen->ingress;

	CHECK_EQ(sink_send(&m->b.sink, m->b.near->mac, PROBE_DATA, 0, PROBE_MIN_LEN, 1),
		 0, "send");
	if (CHECK(WAIT_FOR(*(volatile __u64 *)&m->seen->ingress > nr), "%s: lost", what))
		check_time(m->seen->ingress_clock, m->seen->ingress_ns, begin, clock_ns(),
			   what);
}

static struct bpf_program *ingress(struct mbench *m)
{
	return bpf_object__find_program_by_name(m->b.tr.obj, "meta_ingress");
}

static void rx_time(void)
{
	struct mbench m;

	if (mbench_open(&m)) {
		ingress_detach(&m.b.tr.xdp);
		if (CHECK_EQ(ingress_attach(&m.b.tr.xdp, ingress(&m), m.b.near), 0,
			     "attach"))
			rx_one(&m, "in the driver");
	}
	mbench_close(&m);
}

/*
 * Where the context is not the driver's, its operations must not be asked: on
 * the way of generic XDP, and in test runs on behalf of the device.
 */
static void rx_time_elsewhere(void)
{
	uint8_t f[PROBE_MIN_LEN];
	struct xdp_md ctx = { .data_end = sizeof(f) };
	LIBBPF_OPTS(bpf_test_run_opts, run,
		.data_in = f, .data_size_in = sizeof(f),
		.ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
		.repeat = 1,
	);
	uint64_t begin, i;
	struct mbench m;

	if (mbench_open(&m)) {
		build(&m, f, sizeof(f), PROBE_ETHERTYPE);
		ctx.ingress_ifindex = m.b.near->ifindex;
		for (i = 1; i <= 2; i++) {
			begin = clock_ns();
			if (i == 2)
				run.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
			CHECK_EQ(bpf_prog_test_run_opts(bpf_program__fd(ingress(&m)), &run),
				 0, "test run");
			CHECK_EQ(m.seen->ingress, i, "runs");
			check_time(m.seen->ingress_clock, m.seen->ingress_ns, begin,
				   clock_ns(), "test run");
		}
	}
	/* It excludes zero copy, and a program in the driver. */
	xsk_close(&m.b.xsk);
	ingress_detach(&m.b.tr.xdp);
	ingress_leave_place(m.b.near);
	if (CHECK(WAIT_FOR(host_running(m.b.near)), "no link") &&
	    CHECK_EQ(bpf_xdp_attach(m.b.near->ifindex, bpf_program__fd(ingress(&m)),
				    XDP_FLAGS_SKB_MODE, NULL), 0, "attach")) {
		rx_one(&m, "generic XDP");
		bpf_xdp_detach(m.b.near->ifindex, XDP_FLAGS_SKB_MODE, NULL);
	}
	mbench_close(&m);
}

static const struct ktap_case cases[] = {
	{ "fill_anywhere", fill_anywhere },
	{ "fill_refused", fill_refused },
	{ "fill_tcp_udp", fill_tcp_udp },
	{ "fill_not_by_nic", fill_not_by_nic },
	{ "tx_time", tx_time },
	{ "rx_time", rx_time },
	{ "rx_time_elsewhere", rx_time_elsewhere },
};

const struct ktap_suite suite_meta = KTAP_SUITE("meta", cases);

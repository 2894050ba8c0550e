// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_etran_rx_ready() is a promise: a transport acknowledges on it. What was
 * promised must be in the socket's RX ring, whatever the tenant does with its
 * rings; what was not must have been refused with a reason.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "bench.h"
#include "clock.h"
#include "suites.h"

#define RX_RING	128

static const struct bench_opts ample = { .xsk.fill = 1024, .xsk.rx_size = RX_RING };

static uint8_t delivered[PROBE_SEQS];

static bool open_with_map(struct bench *b, const struct bench_opts *opts)
{
	uint32_t key = 0;

	memset(delivered, 0, sizeof(delivered));
	if (!bench_open(b, opts))
		return false;
	return CHECK_EQ(bpf_map_update_elem(b->tr.xsks_fd, &key, &b->xsk.fd, 0),
			0, "put the socket into the XSKMAP");
}

/* Take everything out of the RX ring; returns how many. */
static uint64_t drain(struct bench *b, bool refill)
{
	const struct xdp_desc *d;
	struct probe_hdr hdr;
	uint64_t n = 0;

	while ((d = xsk_rx_peek(&b->xsk))) {
		const uint8_t *data = b->xsk.umem + d->addr;

		memcpy(&hdr, data + PROBE_ETH_LEN, sizeof(hdr));
		CHECK(hdr.run == b->sink.run && hdr.seq < PROBE_SEQS &&
		      frame_intact(data, d->len), "damaged packet received");
		if (hdr.seq < PROBE_SEQS)
			delivered[hdr.seq]++;
		xsk_rx_release(&b->xsk, refill);
		n++;
	}
	return n;
}

/* Every promise was kept, once, and nothing else was delivered. */
static void check_promises(struct bench *b)
{
	uint64_t broken = 0, twice = 0, unasked = 0;
	unsigned int i;

	CHECK(WAIT_FOR((drain(b, true), b->xsk.received >= b->tr.seen->promised)),
	      "%llu promised, %llu in the RX ring",
	      (unsigned long long)b->tr.seen->promised,
	      (unsigned long long)b->xsk.received);
	for (i = 0; i < PROBE_SEQS; i++) {
		broken += b->tr.seen->promise[i] && !delivered[i];
		twice += delivered[i] > 1;
		unasked += delivered[i] && !b->tr.seen->promise[i];
	}
	CHECK_EQ(broken, 0, "promises broken");
	CHECK_EQ(twice, 0, "delivered twice");
	CHECK_EQ(unasked, 0, "delivered without a promise");
}

/* Returns when ingress has judged all of them, or none comes any more. */
static bool deliver(struct bench *b, uint64_t first, unsigned int nr)
{
	const volatile struct seen *s = b->tr.seen;
	uint64_t before = s->promised + s->rx_refused;

	if (!CHECK_EQ(sink_send(&b->sink, b->near->mac, PROBE_DELIVER, first,
				BENCH_LEN, nr), 0, "send"))
		return false;
	return WAIT_FOR(s->promised + s->rx_refused >= before + nr);
}

static void room_enough(void)
{
	struct bench b;
	int i;

	if (open_with_map(&b, &ample)) {
		for (i = 0; i < 30; i++) {
			CHECK(deliver(&b, i * 64, 64), "packets lost on the way");
			drain(&b, true);
		}
		check_promises(&b);
		CHECK_EQ(b.tr.seen->promised, 30 * 64, "promised");
	}
	bench_close(&b);
}

/* The tenant does not read. The ring fills, then every packet is refused. */
static void rx_ring_full(void)
{
	struct bench b;
	int i;

	if (open_with_map(&b, &ample)) {
		for (i = 0; i < 10; i++)
			CHECK(deliver(&b, i * 32, 32), "packets lost on the way");
		CHECK_EQ(b.tr.seen->promised, RX_RING, "promised");
		CHECK_EQ(b.tr.seen->rx_enospc, 320 - RX_RING, "refused: no room");
		check_promises(&b);
		/* Read, it goes on. */
		CHECK(deliver(&b, 1000, 32), "packets lost on the way");
		CHECK_EQ(b.tr.seen->promised, RX_RING + 32, "promised after");
		check_promises(&b);
	}
	bench_close(&b);
}

/* The tenant reads now and then, and never gives frames back. */
static void fill_ring_runs_dry(void)
{
	static const struct bench_opts opts = {
		.xsk.fill = 300, .xsk.rx_size = RX_RING,
	};
	struct bench b;
	int i;

	if (open_with_map(&b, &opts)) {
		for (i = 0; i < 16; i++) {
			/* Zero copy: no frame, no packet; nothing to judge. */
			if (!bench_zerocopy())
				CHECK(deliver(&b, i * 32, 32), "packets lost");
			else if (i < 8)
				CHECK(deliver(&b, i * 32, 32), "packets lost");
			drain(&b, false);
		}
		check_promises(&b);
		if (!bench_zerocopy()) {
			CHECK_EQ(b.tr.seen->promised, 300, "promised");
			CHECK_EQ(b.tr.seen->rx_enospc, 16 * 32 - 300,
				 "refused: no frame");
		}
	}
	bench_close(&b);
}

/* Two in flood, a reader that stumbles after them. */
static void flood(void)
{
	uint64_t seq;
	struct bench b;

	if (open_with_map(&b, &ample)) {
		for (seq = 0; seq < 6000; seq += 200) {
			CHECK_EQ(sink_send(&b.sink, b.near->mac, PROBE_DELIVER,
					   seq, BENCH_LEN, 200), 0, "send");
			if (seq / 200 % 3)
				drain(&b, true);
		}
		drain(&b, true);
		CHECK(deliver(&b, 10000, 1), "the last one is lost");
		check_promises(&b);
		ktap_note("%llu promised, %llu refused",
			  (unsigned long long)b.tr.seen->promised,
			  (unsigned long long)b.tr.seen->rx_refused);
		CHECK(b.tr.seen->promised > RX_RING, "too few promised");
	}
	bench_close(&b);
}

static void no_socket(void)
{
	struct bench b;

	if (bench_open(&b, &ample)) {
		CHECK(deliver(&b, 0, 8), "packets lost on the way");
		CHECK_EQ(b.tr.seen->rx_refused, 8, "refused");
		CHECK_EQ(b.tr.seen->rx_errno, -ENOENT, "errno");
		b.tr.orders->rx_key = 99;
		CHECK(deliver(&b, 8, 8), "packets lost on the way");
		CHECK_EQ(b.tr.seen->rx_errno, -ENOENT, "errno beyond the map");
		CHECK_EQ(b.tr.seen->promised, 0, "promised");
	}
	bench_close(&b);
}

/* A socket of another device is in the map: redirect would drop. */
static void other_device(void)
{
	struct xsk_opts xo = { .copy = !bench_zerocopy(), .fill = 512 };
	struct xsk other;
	struct bench b;
	uint32_t key = 0;
	int ret = -ENODEV;

	if (bench_open(&b, &ample)) {
		host_enter(b.far);
		xo.ifindex = b.far->ifindex;
		if (CHECK(WAIT_FOR((ret = xsk_open(&other, &xo)) != -EBUSY) &&
			  !ret, "far socket: %d", ret)) {
			host_enter(b.near);
			CHECK_EQ(bpf_map_update_elem(b.tr.xsks_fd, &key,
						     &other.fd, 0), 0, "map");
			CHECK(deliver(&b, 0, 8), "packets lost on the way");
			CHECK_EQ(b.tr.seen->promised, 0, "promised");
			CHECK_EQ(b.tr.seen->rx_errno, -EINVAL, "errno");
			xsk_close(&other);
		}
		host_enter(b.near);
	}
	bench_close(&b);
}

/* rx_csum against a sum that was made here; even, odd, short and long. */
static void checksum(void)
{
	static const struct bench_opts opts = {
		.xsk.fill = 1024, .xsk.rx_size = RX_RING, .xsk.chunk_size = 4096,
	};
	static const uint32_t lens[] = { 64, 127, 128, 1001, 1514 };
	uint8_t frame[1514];
	struct probe_hdr *hdr = (void *)(frame + PROBE_ETH_LEN);
	const volatile struct seen *s;
	struct bench b;
	unsigned int i;

	if (open_with_map(&b, &opts)) {
		s = b.tr.seen;
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			frame_build(frame, b.near->mac, b.far->mac, b.sink.run,
				    PROBE_DELIVER, i, lens[i]);
			hdr->csum = frame_sum(frame, lens[i]);
			CHECK(send(b.sink.fd, frame, lens[i], 0) > 0,
			      "send");
			CHECK(WAIT_FOR(s->promised + s->rx_refused > i),
			      "lost on the way");
			drain(&b, true);
		}
		CHECK_EQ(s->rx_csum_bad, 0, "sums that differ");
		check_promises(&b);
		hdr->csum ^= 1;
		hdr->seq = i;
		CHECK(send(b.sink.fd, frame, 1514, 0) > 0, "send");
		CHECK(WAIT_FOR(s->rx_csum_bad == 1), "a wrong sum was not seen");
	}
	bench_close(&b);
}

/* Everything else on the NIC goes to the kernel, with and without us. */
static void others_pass(void)
{
	struct bench b;

	if (bench_open(&b, &ample)) {
		/* The roles are swapped: the near socket judges. */
		CHECK_EQ(sink_send(&b.sink, b.near->mac, PROBE_DATA, 0,
				   BENCH_LEN, 50), 0, "send");
		CHECK(WAIT_FOR((sink_poll(&b.fence), b.fence.received >= 50)),
		      "%llu of 50 passed",
		      (unsigned long long)b.fence.received);
		transport_detach(&b.tr);
		CHECK_EQ(sink_send(&b.sink, b.near->mac, PROBE_DATA, 50,
				   BENCH_LEN, 50), 0, "send");
		CHECK(WAIT_FOR((sink_poll(&b.fence), b.fence.received >= 100)),
		      "%llu of 100 passed after the detach",
		      (unsigned long long)b.fence.received);
		CHECK_EQ(b.fence.corrupt, 0, "damaged");
	}
	bench_close(&b);
}

static const struct ktap_case cases[] = {
	{ "room_enough", room_enough },
	{ "rx_ring_full", rx_ring_full },
	{ "fill_ring_runs_dry", fill_ring_runs_dry },
	{ "flood", flood },
	{ "no_socket", no_socket },
	{ "other_device", other_device },
	{ "checksum", checksum },
	{ "others_pass", others_pass },
};

const struct ktap_suite suite_rx = KTAP_SUITE("rx", cases);

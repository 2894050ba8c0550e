// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ceiling: what the workloads of selftests/bench cost when the same packets
 * go through AF_XDP with no transport at all.  Two programs as there, a client and
 * an echo server, each asleep when there is nothing to do; no copy, no checksum, no
 * state, no acknowledgment but for bulk, one for eight packets.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "cost.h"
#include "selftests/bench/mark.h"
#include "suites.h"

#define HEADERS		(14 + 20 + 32)	/* of a segment with time stamps */
#define BATCH		32
#define WARM		2000
#define REQUESTS	8000

struct shape {
	uint32_t payload;
	uint32_t outstanding;	/* packets */
	uint32_t nth;		/* which the server answers */
};

static void sleep_for_more(const struct xsk *x, int timeout_ms)
{
	struct pollfd pfd = { .fd = x->fd, .events = POLLIN };

	poll(&pfd, 1, timeout_ms);
}

/* What becomes the server's, once. */
static uint64_t arrived;

static unsigned int answer_some(struct xsk *x, const struct shape *s)
{
	const struct xdp_desc *d;
	unsigned int n, sent = 0;
	uint8_t mac[6], *data;

	for (n = 0; n < BATCH && (d = xsk_rx_peek(x)); n++) {
		bool reply = !(++arrived % s->nth);

		if (reply) {
			data = xsk_packet(x, d);
			memcpy(mac, data, 6);
			memcpy(data, data + 6, 6);
			memcpy(data + 6, mac, 6);
			xsk_forward(x, d, s->nth == 1 ? d->len : HEADERS);
			sent++;
		}
		xsk_rx_release(x, !reply);
	}
	if (sent)
		xsk_kick(x);
	xsk_refill(x);
	return n;
}

static void serve(struct xsk *x, const struct shape *s)
{
	for (;;)
		if (!answer_some(x, s))
			sleep_for_more(x, -1);
}

struct client {
	struct bench *b;
	const struct shape *s;
	uint64_t sent, done, total;
	uint64_t *took;
	uint32_t timed;
};

/* Bodies are written once: the ceiling copies nothing. */
static void write_all(struct bench *b, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < b->xsk.nr_chunks / 2; i++)
		frame_build(xsk_data(&b->xsk, i), b->far->mac, b->near->mac,
			    b->sink.run, PROBE_DATA, 0, len);
}

static struct probe_hdr *hdr_of(uint8_t *packet)
{
	return (struct probe_hdr *)(packet + PROBE_ETH_LEN);
}

static void send_some(struct client *c)
{
	struct xsk *x = &c->b->xsk;
	unsigned int n = 0;
	int64_t chunk;

	while (c->sent < c->total && c->sent - c->done < c->s->outstanding) {
		chunk = xsk_chunk(x);
		if (chunk < 0)
			break;
		hdr_of(xsk_data(x, chunk))->time_ns = clock_ns();
		xsk_submit(x, chunk, c->s->payload + HEADERS);
		c->sent++;
		n++;
	}
	if (n)
		xsk_kick(x);
}

static unsigned int take_some(struct client *c)
{
	struct xsk *x = &c->b->xsk;
	const struct xdp_desc *d;
	uint64_t now = clock_ns();
	unsigned int n;

	for (n = 0; n < BATCH && (d = xsk_rx_peek(x)); n++) {
		if (c->done >= WARM)
			c->took[c->timed++] =
				now - hdr_of(xsk_packet(x, d))->time_ns;
		c->done += c->s->nth;
		xsk_rx_release(x, true);
	}
	xsk_reap(x);
	return n;
}

static bool run_until(struct client *c, uint64_t done)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while (c->done < done) {
		send_some(c);
		if (take_some(c))
			end = clock_ns() + PATIENCE_NS;
		else if (!CHECK(clock_ns() < end, "stuck: %llu sent, %llu answered",
				(unsigned long long)c->sent,
				(unsigned long long)c->done))
			return false;
		else
			sleep_for_more(&c->b->xsk, 1000);
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(struct client *c)
{
	uint64_t begin, ns;

	write_all(c->b, c->s->payload + HEADERS);
	if (!run_until(c, WARM))
		return;
	mark_start();
	begin = clock_ns();
	if (!run_until(c, c->total))
		return;
	ns = clock_ns() - begin;
	mark_stop();
	qsort(c->took, c->timed, sizeof(*c->took), compare);
	ktap_note("packets %u ns %llu all payload %u p50_us %.1f p99_us %.1f", REQUESTS,
		  (unsigned long long)ns, c->s->payload, c->took[c->timed / 2] / 1e3,
		  c->took[c->timed - 1 - c->timed / 100] / 1e3);
}

static bool open_end(struct bench *b, bool mirrored)
{
	const struct bench_opts o = {
		.tr = { .ops = "cost_empty", .tune = cost_tune },
		.no_ingress = true, .no_attach = true, .mirrored = mirrored,
	};

	return bench_open(b, &o) && cost_receive(b, "cost_deliver");
}

static void echo(uint32_t payload, uint32_t outstanding, uint32_t nth)
{
	const struct shape s = { payload, outstanding, nth };
	struct bench server, client = { .xsk.fd = -1, .sink.fd = -1, .fence.fd = -1 };
	struct client c = { .b = &client, .s = &s, .total = WARM + REQUESTS };
	pid_t pid = -1;

	c.took = calloc(REQUESTS, sizeof(*c.took));
	if (!CHECK(c.took, "memory") || !open_end(&server, false) ||
	    !open_end(&client, true))
		goto out;
	arrived = 0;
	pid = fork();
	if (!pid)
		serve(&server.xsk, &s);
	if (CHECK(pid > 0, "fork"))
		measure(&c);
out:
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	bench_close(&client);
	bench_close(&server);
	free(c.took);
}

static void small(void)
{
	echo(64, 1, 1);
}

static void small_50(void)
{
	echo(64, 50, 1);
}

static void small_64(void)
{
	echo(64, 64, 1);
}

static void large_64(void)
{
	echo(1024, 64, 1);
}

static void bulk(void)
{
	echo(1448, 64, 8);
}

/* The names are those of workloads. */
static const struct ktap_case cases[] = {
	{ "echo-64", small },
	{ "echo-64-50conns", small_50 },
	{ "echo-64-x64", small_64 },
	{ "echo-1k-x64", large_64 },
	{ "bulk-send", bulk },
};

const struct ktap_suite suite_ceiling = KTAP_SUITE("ceiling", cases);

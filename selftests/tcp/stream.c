// SPDX-License-Identifier: GPL-2.0-only
/*
 * link: -letran
 *
 * Seeded byte streams over libetran's own interface, or over kernel sockets
 * with --linux, compared byte for byte.
 *
 *	stream [--linux] --listen [OPTIONS] ADDRESS PORT
 *	stream [--linux] [OPTIONS] ADDRESS PORT
 *
 *	--mode send|recv|both|echo	as the client sees it; both sides get the same
 *	--bytes N	of each direction	--conns N	connections, at once
 *	--slow MS	sleep after every 64 KB received, without serving
 *	--absent MS	sleep when all connections have sent, without serving
 *	--early N	close after N received bytes
 *	--expect reset	succeed when the peer resets, and only then
 *	--mark N	say "mark" when N bytes have moved
 *	--chunk N	bytes of a write	--seed N
 *
 * Each stream is ended by a half close, so one byte too many shows as well as
 * one too few. A line at the end says what was moved and how fast.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "io.h"

#define BUF_SIZE	65536

enum mode { SEND, RECV, BOTH, ECHO_BACK };

static struct {
	bool listen, expect_reset;
	enum mode mode;
	uint64_t bytes, seed, early, mark;
	unsigned int conns, slow, absent;
	size_t chunk;
	struct sockaddr_in addr;
} opt = { .bytes = 1 << 20, .seed = 1, .conns = 1, .chunk = BUF_SIZE };

struct stream {
	uint64_t left;		/* bytes to come */
	uint64_t state, word;
	unsigned int have;	/* bytes of @word not used yet */
	bool done;
};

struct conn {
	struct io_sock io;
	struct stream tx, rx;
	uint8_t *out;		/* what io_send() is offered */
	size_t out_len, out_off;
	uint64_t received;
	bool open, over;
};

static uint64_t moved;
static unsigned int nr_over, nr_sent;
static bool failed, reset_seen;

static void stream_start(struct stream *st, uint64_t seed, bool active)
{
	st->state = seed * 0x9e3779b97f4a7c15ULL + 1;
	st->left = active ? opt.bytes : 0;
	st->have = 0;
	st->done = false;
}

/* The next @n bytes of the stream. */
static void stream_bytes(struct stream *st, uint8_t *to, size_t n)
{
	while (n) {
		if (!st->have) {
			/* xorshift64* */
			st->state ^= st->state >> 12;
			st->state ^= st->state << 25;
			st->state ^= st->state >> 27;
			st->word = st->state * 0x2545f4914f6cdd1dULL;
			st->have = 8;
		}
		if (st->have == 8 && n >= 8) {
			memcpy(to, &st->word, 8);
			st->have = 0;
			to += 8;
			n -= 8;
			continue;
		}
		*to++ = st->word;
		st->word >>= 8;
		st->have--;
		n--;
	}
}

static void conn_start(struct conn *c)
{
	bool up = opt.mode != RECV, down = opt.mode != SEND;
	bool echo = opt.mode == ECHO_BACK;

	/* The echo is the upward stream again. */
	stream_start(opt.listen ? &c->rx : &c->tx, opt.seed, up);
	stream_start(opt.listen ? &c->tx : &c->rx, opt.seed + (echo ? 0 : 1), down);
	c->out = malloc(BUF_SIZE);
	c->out_len = c->out_off = 0;
	c->received = 0;
	c->open = opt.listen;
	c->over = false;
}

static void conn_over(struct conn *c, int err, const char *what)
{
	if (err == -ECONNRESET || err == -EPIPE)
		reset_seen = true;
	if (err && !(opt.expect_reset && reset_seen)) {
		fprintf(stderr, "stream: %s: %s (%llu to send, %llu to receive)\n",
			what, strerror(-err), (unsigned long long)c->tx.left,
			(unsigned long long)c->rx.left);
		failed = true;
	}
	io_close(&c->io);
	free(c->out);
	c->out = NULL;
	c->over = true;
	nr_over++;
}

static void count(size_t n)
{
	if (opt.mark && moved < opt.mark && moved + n >= opt.mark) {
		puts("mark");
		fflush(stdout);
	}
	moved += n;
}

static void nap(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Return: false when the connection is over. */
static bool conn_send(struct conn *c)
{
	bool echo = opt.listen && opt.mode == ECHO_BACK;
	ssize_t n;

	while (c->out_off < c->out_len || (c->tx.left && !echo)) {
		if (c->out_off == c->out_len) {
			c->out_len = c->tx.left < opt.chunk ? c->tx.left : opt.chunk;
			c->out_off = 0;
			stream_bytes(&c->tx, c->out, c->out_len);
			c->tx.left -= c->out_len;
		}
		n = io_send(&c->io, c->out + c->out_off, c->out_len - c->out_off);
		if (n == -EAGAIN)
			return true;
		if (n < 0) {
			conn_over(c, n, "send");
			return false;
		}
		c->out_off += n;
		count(n);
	}
	if (!c->tx.left && !c->tx.done) {
		c->tx.done = true;
		n = io_shutdown(&c->io);
		if (n && n != -ENOTCONN) {
			conn_over(c, n, "shutdown");
			return false;
		}
		if (++nr_sent == opt.conns && opt.absent)
			nap(opt.absent);
	}
	return true;
}

/* Return: false when the stream is not what it should be. */
static bool verify(struct conn *c, const uint8_t *buf, size_t n)
{
	static uint8_t want[BUF_SIZE];

	if (n > c->rx.left) {
		fprintf(stderr, "stream: %zu bytes too many\n", n - (size_t)c->rx.left);
		return false;
	}
	stream_bytes(&c->rx, want, n);
	if (memcmp(buf, want, n)) {
		fprintf(stderr, "stream: bytes differ in %zu bytes at %llu\n", n,
			(unsigned long long)c->received);
		return false;
	}
	c->rx.left -= n;
	c->received += n;
	return true;
}

static void conn_recv(struct conn *c)
{
	bool echo = opt.listen && opt.mode == ECHO_BACK;
	static uint8_t buf[BUF_SIZE];
	ssize_t n;

	for (;;) {
		if (echo && c->out_off < c->out_len)
			return;			/* back it goes first */
		n = io_recv(&c->io, buf, sizeof(buf));
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			conn_over(c, n, "receive");
			return;
		}
		if (!n)
			break;
		if (!verify(c, buf, n)) {
			failed = true;
			conn_over(c, 0, NULL);
			return;
		}
		count(n);
		if (echo) {
			memcpy(c->out, buf, n);
			c->out_len = n;
			c->out_off = 0;
			c->tx.left -= n;
			if (!conn_send(c))
				return;
		}
		if (opt.early && c->received >= opt.early) {
			conn_over(c, 0, NULL);
			return;
		}
		if (opt.slow)
			nap(opt.slow);
	}
	if (c->rx.left) {
		fprintf(stderr, "stream: ends %llu bytes early\n",
			(unsigned long long)c->rx.left);
		failed = true;
	}
	c->rx.done = true;
}

static void conn_step(struct conn *c, uint32_t ev)
{
	int err;

	if (!c->open) {
		if (!(ev & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			return;
		err = io_error(&c->io);
		if (err) {
			conn_over(c, -err, "connect");
			return;
		}
		c->open = true;
	}
	if (!conn_send(c))
		return;
	if (!c->rx.done)
		conn_recv(c);
	if (!c->over && c->rx.done && c->tx.done)
		conn_over(c, 0, NULL);
}

static uint32_t wants(const struct conn *c)
{
	uint32_t ev = 0;

	if (!c->open)
		return EPOLLOUT;
	if (!c->tx.done)
		ev |= EPOLLOUT;
	if (opt.listen && opt.mode == ECHO_BACK && c->out_off == c->out_len)
		ev &= ~EPOLLOUT;
	if (!c->rx.done)
		ev |= EPOLLIN;
	return ev;
}

static void run(struct conn *conns, struct io_sock *listener)
{
	unsigned int started = opt.listen ? 0 : opt.conns, i, n;
	struct io_sock *socks[1025];
	uint32_t ev[1025];
	struct conn *of[1025];

	while (nr_over < opt.conns) {
		n = 0;
		if (started < opt.conns) {
			of[n] = NULL;
			ev[n] = EPOLLIN;
			socks[n++] = listener;
		}
		for (i = 0; i < started; i++) {
			if (conns[i].over)
				continue;
			of[n] = &conns[i];
			ev[n] = wants(&conns[i]);
			socks[n++] = &conns[i].io;
		}
		io_wait(socks, ev, n, 120000);
		for (i = 0; i < n; i++) {
			if (of[i]) {
				if (ev[i])
					conn_step(of[i], ev[i]);
			} else if (!io_accept(listener, &conns[started].io)) {
				conn_start(&conns[started++]);
			}
		}
	}
}

static void usage(void)
{
	fputs("usage: see the head of stream.c\n", stderr);
	exit(64);
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "linux", 0, NULL, 'l' }, { "listen", 0, NULL, 'L' },
		{ "mode", 1, NULL, 'm' }, { "bytes", 1, NULL, 'b' },
		{ "conns", 1, NULL, 'c' }, { "slow", 1, NULL, 's' },
		{ "absent", 1, NULL, 'a' }, { "early", 1, NULL, 'e' },
		{ "expect", 1, NULL, 'x' }, { "mark", 1, NULL, 'k' },
		{ "chunk", 1, NULL, 'C' }, { "seed", 1, NULL, 'S' }, { 0 } };
	static const char *const modes[] = { "send", "recv", "both", "echo" };
	int o, m;

	while ((o = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (o) {
		case 'l':
			io_linux = true;
			break;
		case 'L':
			opt.listen = true;
			break;
		case 'b':
			opt.bytes = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			opt.conns = strtoul(optarg, NULL, 0);
			break;
		case 's':
			opt.slow = strtoul(optarg, NULL, 0);
			break;
		case 'a':
			opt.absent = strtoul(optarg, NULL, 0);
			break;
		case 'e':
			opt.early = strtoull(optarg, NULL, 0);
			break;
		case 'x':
			opt.expect_reset = !strcmp(optarg, "reset");
			break;
		case 'k':
			opt.mark = strtoull(optarg, NULL, 0);
			break;
		case 'C':
			opt.chunk = strtoul(optarg, NULL, 0);
			break;
		case 'S':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'm':
			for (m = 0; m < 4 && strcmp(modes[m], optarg); m++)
				;
			opt.mode = m;
			break;
		default:
			usage();
		}
	}
	opt.addr.sin_family = AF_INET;
	if (argc - optind != 2 || opt.mode > ECHO_BACK || !opt.conns ||
	    opt.conns > 1024 || !opt.chunk || opt.chunk > BUF_SIZE ||
	    inet_pton(AF_INET, argv[optind], &opt.addr.sin_addr) != 1)
		usage();
	opt.addr.sin_port = htons(strtoul(argv[optind + 1], NULL, 0));
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct io_sock listener = { -1, NULL };
	struct conn *conns;
	unsigned int i;
	double start;

	parse(argc, argv);
	conns = calloc(opt.conns, sizeof(*conns));
	io_init();
	if (opt.listen) {
		io_listen(&listener, &opt.addr);
		puts("listening");
		fflush(stdout);
	}
	start = seconds();
	for (i = 0; !opt.listen && i < opt.conns; i++) {
		io_connect(&conns[i].io, &opt.addr);
		conn_start(&conns[i]);
	}
	run(conns, &listener);
	io_close(&listener);
	io_exit();
	start = seconds() - start;
	printf("%llu bytes in %.2f s, %.0f Mbit/s\n", (unsigned long long)moved, start,
	       moved * 8 / start / 1e6);
	free(conns);
	if (opt.expect_reset && !reset_seen) {
		fputs("stream: no reset came\n", stderr);
		return 1;
	}
	return failed;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Send a seeded byte stream over TCP in both directions and compare every byte.
 *
 *	transfer serve [-n CONNECTIONS] ADDRESS PORT
 *	transfer connect [-b BYTES] [-s SEED] [-d] [-c CHUNK] ADDRESS PORT
 *
 * The client's first bytes say how much goes each way and from which seed. The
 * client's stream goes up, then the server's comes down; with -d both at once.
 * Each side ends its stream with a half close, so that one byte too many shows
 * as well as one too few. Exit status 0 means that this side got what it should
 * have got; the server's is that of its connections together.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x7472616e73666572ULL
#define BUF_SIZE 65536

struct request {
	uint64_t magic;
	uint64_t bytes;
	uint64_t seed;
	uint64_t duplex;
};

struct stream {
	int fd;
	uint64_t bytes;
	uint64_t state;
	size_t chunk;
	bool ok;
};

static void die(const char *what)
{
	fprintf(stderr, "transfer: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* xorshift64*: eight bytes of the stream a step. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static uint64_t first_state(uint64_t seed)
{
	uint64_t state = seed ^ 0x9e3779b97f4a7c15ULL;

	return state ? state : 1;
}

static void fill(uint64_t *state, uint64_t *buf)
{
	for (size_t i = 0; i < BUF_SIZE / sizeof(*buf); i++)
		buf[i] = next(state);
}

static bool write_all(int fd, const void *data, size_t len, size_t chunk)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len < chunk ? len : chunk);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			fprintf(stderr, "transfer: write: %s\n", strerror(errno));
			return false;
		}
		p += n;
		len -= n;
	}
	return true;
}

/* Up to len bytes; fewer only at the end of the stream or on an error. */
static size_t read_some(int fd, void *data, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)data + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fprintf(stderr, "transfer: read: %s\n", strerror(errno));
		if (n <= 0)
			break;
		got += n;
	}
	return got;
}

static void *send_stream(void *arg)
{
	uint64_t buf[BUF_SIZE / 8], left;
	struct stream *s = arg;

	s->ok = true;
	for (left = s->bytes; left && s->ok;) {
		size_t n = left < BUF_SIZE ? left : BUF_SIZE;

		fill(&s->state, buf);
		s->ok = write_all(s->fd, buf, n, s->chunk);
		left -= n;
	}
	if (s->ok && shutdown(s->fd, SHUT_WR)) {
		fprintf(stderr, "transfer: shutdown: %s\n", strerror(errno));
		s->ok = false;
	}
	return NULL;
}

static void *receive_stream(void *arg)
{
	uint64_t want[BUF_SIZE / 8], got[BUF_SIZE / 8], left;
	struct stream *s = arg;
	char extra;

	s->ok = false;
	for (left = s->bytes; left;) {
		size_t n = left < BUF_SIZE ? left : BUF_SIZE;
		size_t len = read_some(s->fd, got, n);

		fill(&s->state, want);
		for (size_t i = 0; i < len; i++) {
			if (((char *)got)[i] == ((char *)want)[i])
				continue;
			fprintf(stderr, "transfer: byte %llu differs\n",
				(unsigned long long)(s->bytes - left + i));
			return NULL;
		}
		left -= len;
		if (len < n) {
			fprintf(stderr, "transfer: %llu of %llu bytes came\n",
				(unsigned long long)(s->bytes - left),
				(unsigned long long)s->bytes);
			return NULL;
		}
	}
	if (read_some(s->fd, &extra, 1)) {
		fprintf(stderr, "transfer: more than %llu bytes came\n",
			(unsigned long long)s->bytes);
		return NULL;
	}
	s->ok = true;
	return NULL;
}

/* One connection, seen from one side. */
static bool transfer(int fd, const struct request *req, bool client, size_t chunk)
{
	struct stream out = {
		.fd = fd,
		.bytes = req->bytes,
		.state = first_state(req->seed + !client),
		.chunk = chunk,
	};
	struct stream in = {
		.fd = fd,
		.bytes = req->bytes,
		.state = first_state(req->seed + client),
	};
	pthread_t sender;

	if (req->duplex) {
		if (pthread_create(&sender, NULL, send_stream, &out))
			die("pthread_create");
		receive_stream(&in);
		pthread_join(sender, NULL);
	} else if (client) {
		send_stream(&out);
		receive_stream(&in);
	} else {
		receive_stream(&in);
		send_stream(&out);
	}
	return in.ok && out.ok;
}

static struct addrinfo *resolve(const char *addr, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;

	if (getaddrinfo(addr, port, &hints, &ai)) {
		fprintf(stderr, "transfer: bad address %s port %s\n", addr, port);
		exit(64);
	}
	return ai;
}

static bool serve(struct addrinfo *ai, unsigned long connections)
{
	int listener = socket(ai->ai_family, ai->ai_socktype, 0), one = 1;
	bool ok = true;

	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, ai->ai_addr, ai->ai_addrlen))
		die("bind");
	if (listen(listener, 16))
		die("listen");
	while (connections--) {
		int fd = accept(listener, NULL, NULL);
		struct request req;

		if (fd < 0)
			die("accept");
		if (read_some(fd, &req, sizeof(req)) != sizeof(req) ||
		    req.magic != MAGIC) {
			fprintf(stderr, "transfer: no request\n");
			ok = false;
		} else if (!transfer(fd, &req, false, BUF_SIZE)) {
			ok = false;
		}
		close(fd);
	}
	close(listener);
	return ok;
}

static bool client(struct addrinfo *ai, const struct request *req, size_t chunk)
{
	int fd = socket(ai->ai_family, ai->ai_socktype, 0);
	struct timespec a, b;
	double seconds;
	bool ok;

	if (fd < 0)
		die("socket");
	if (connect(fd, ai->ai_addr, ai->ai_addrlen))
		die("connect");
	clock_gettime(CLOCK_MONOTONIC, &a);
	ok = write_all(fd, req, sizeof(*req), sizeof(*req)) &&
	     transfer(fd, req, true, chunk);
	clock_gettime(CLOCK_MONOTONIC, &b);
	close(fd);
	seconds = b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9;
	if (ok)
		printf("%llu bytes each way in %.2f s, %.1f Mbit/s\n",
		       (unsigned long long)req->bytes, seconds,
		       req->bytes * 2 * 8 / seconds / 1e6);
	return ok;
}

static void usage(void)
{
	fprintf(stderr,
		"usage: transfer serve [-n CONNECTIONS] ADDRESS PORT\n"
		"       transfer connect [-b BYTES] [-s SEED] [-d] [-c CHUNK] ADDRESS PORT\n");
	exit(64);
}

int main(int argc, char **argv)
{
	struct request req = { .magic = MAGIC, .bytes = 64 << 20, .seed = 1 };
	size_t chunk = BUF_SIZE;
	unsigned long n = 1;
	const char *mode;
	int opt;

	if (argc < 2)
		usage();
	mode = argv[1];
	argv++;
	argc--;
	while ((opt = getopt(argc, argv, "n:b:s:dc:")) != -1) {
		switch (opt) {
		case 'n':
			n = strtoul(optarg, NULL, 0);
			break;
		case 'b':
			req.bytes = strtoull(optarg, NULL, 0);
			break;
		case 's':
			req.seed = strtoull(optarg, NULL, 0);
			break;
		case 'd':
			req.duplex = 1;
			break;
		case 'c':
			chunk = strtoul(optarg, NULL, 0);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2 || !chunk)
		usage();
	if (!strcmp(mode, "serve"))
		return !serve(resolve(argv[optind], argv[optind + 1]), n);
	if (!strcmp(mode, "connect"))
		return !client(resolve(argv[optind], argv[optind + 1]), &req, chunk);
	usage();
}

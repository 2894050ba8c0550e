// SPDX-License-Identifier: GPL-2.0-only
/*
 * See load.h.
 *
 *	load server ADDR PORT
 *	load echo [-s SIZE] [-c CONNS] [-o OUTSTANDING] [-m MESSAGES] [-n REQUESTS]
 *		  [-w WARM-UP] ADDR PORT
 *	load sink|source [-b BYTES] ADDR PORT
 *	load redis|memcached [-f] [-k KEYS] [-z ZIPF] [-g SETS] [-c CONNS]
 *		  [-o OUTSTANDING] [-n REQUESTS] [-w WARM-UP] ADDR PORT
 *	load hold [-c CONNS] [-t SECONDS] ADDR PORT
 *
 * echo prints "requests N seconds S rps R p50_us L p99_us L"; -m closes a
 * connection after so many messages and opens another one.  sink and source
 * print "bytes N seconds S mbit M".  redis and memcached fill a store (-f), or ask it,
 * and print what echo does.  hold prints "conns N seconds S used_kb M", what the
 * machine has in use then.  -p PID,... adds "daemon_ns N" to echo and hold, the CPU
 * time of these meanwhile.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

int load_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd < 0)
		err(1, "socket");
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		err(1, "TCP_NODELAY");
	return fd;
}

int load_connect(const struct load_opts *o)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(o->port) };
	int fd = load_socket();

	inet_pton(AF_INET, o->addr, &sin.sin_addr);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) && errno != EINPROGRESS)
		err(1, "connect");
	return fd;
}

void load_watch(int ep, int op, int fd, uint32_t events, void *data)
{
	struct epoll_event ev = { .events = events, .data.ptr = data };

	if (epoll_ctl(ep, op, fd, &ev))
		err(1, "epoll_ctl");
}

ssize_t load_read(int fd, void *buf, size_t len)
{
	ssize_t n = read(fd, buf, len);

	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != ECONNRESET)
		err(1, "read");
	return -1;
}

ssize_t load_write(int fd, const void *buf, size_t len)
{
	ssize_t n = write(fd, buf, len);

	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	if (errno != ECONNRESET && errno != EPIPE)
		err(1, "write");
	return -1;
}

static uint64_t number(const char *arg, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t n = strtoull(arg, &end, 10);

	if (!*arg || *end || n < min || n > max)
		errx(64, "%s is not a number from %llu to %llu", arg,
		     (unsigned long long)min, (unsigned long long)max);
	return n;
}

int main(int argc, char **argv)
{
	struct load_opts o = { .size = 64, .conns = 1, .outstanding = 1,
			       .requests = 1000, .bytes = 1 << 20, .keys = 100000,
			       .sets = 10, .zipf = 0.9, .seconds = 1 };
	const char *what = argc > 1 ? argv[1] : "";
	int opt;

	optind = 2;
	while (argc > 1 && (opt = getopt(argc, argv, "s:c:o:m:n:w:b:fk:z:g:t:p:")) != -1) {
		switch (opt) {
		case 's': o.size = number(optarg, 16, 1 << 24); break;
		case 'c': o.conns = number(optarg, 1, 1 << 20); break;
		case 'o': o.outstanding = number(optarg, 1, 1 << 12); break;
		case 'm': o.messages = number(optarg, 1, 1 << 30); break;
		case 'n': o.requests = number(optarg, 1, 1 << 30); break;
		case 'w': o.warm = number(optarg, 0, 1 << 30); break;
		case 'b': o.bytes = number(optarg, 1, 1ull << 40); break;
		case 'f': o.fill = true; break;
		case 'k': o.keys = number(optarg, 1, 1 << 24); break;
		case 'z': o.zipf = strtod(optarg, NULL); break;
		case 'g': o.sets = number(optarg, 0, 100); break;
		case 't': o.seconds = number(optarg, 1, 3600); break;
		case 'p': o.daemons = optarg; break;
		default: return 64;
		}
	}
	if (argc - optind != 2)
		errx(64, "usage: load server|echo|sink|source|redis|memcached|hold [OPTION...] ADDR PORT");
	o.addr = argv[optind];
	o.port = number(argv[optind + 1], 1, 65535);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "server"))
		return load_server(&o);
	if (!strcmp(what, "echo"))
		return load_client(&o);
	if (!strcmp(what, "hold"))
		return load_hold(&o);
	o.redis = !strcmp(what, "redis");
	if (o.redis || !strcmp(what, "memcached"))
		return load_kv(&o);
	o.mode = !strcmp(what, "sink") ? LOAD_SINK : LOAD_SOURCE;
	if (o.mode == LOAD_SOURCE && strcmp(what, "source"))
		errx(64, "no such load: %s", what);
	return load_bulk(&o);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll: which events, how often, in which sets, for which thread.
 *
 * link: -lpthread
 */
#include "posix.h"

static char buf[1 << 20];

static int add(int ep, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = 0xabcd00000000ull + fd };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static int mod(int ep, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = 0xabcd00000000ull + fd };

	return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev);
}

/* The events of the only descriptor that has some; 0: none in time. */
static long one(int ep, int fd, int ms)
{
	struct epoll_event ev[4];
	int n = epoll_wait(ep, ev, 4, ms);

	if (n != 1)
		return n ? -n : 0;
	return ev[0].data.u64 == 0xabcd00000000ull + fd ? (long)ev[0].events : -100;
}

static void level(void)
{
	int fd = conn_out(0), ep = epoll_create1(0);

	EQ(add(ep, fd, EPOLLIN), 0);
	EQ(one(ep, fd, 0), 0);
	EQ(mod(ep, fd, EPOLLIN | EPOLLOUT), 0);
	EQ(one(ep, fd, 0), EPOLLOUT);
	EQ(one(ep, fd, 0), EPOLLOUT);
	EQ(mod(ep, fd, EPOLLIN), 0);
	EQ(one(ep, fd, 0), 0);
	EQ(PEER("send 0 100 0"), 100);
	EQ(one(ep, fd, 3000), EPOLLIN);
	EQ(one(ep, fd, 0), EPOLLIN);
	EQ(read(fd, buf, 50), 50);
	EQ(one(ep, fd, 0), EPOLLIN);
	EQ(read(fd, buf, 50), 50);
	EQ(one(ep, fd, 0), 0);
	close(ep);
	close(fd);
}

static void edge(void)
{
	int fd = conn_in(0), ep = epoll_create1(EPOLL_CLOEXEC);

	EQ(add(ep, fd, EPOLLIN | EPOLLOUT | EPOLLET), 0);
	EQ(one(ep, fd, 0), EPOLLOUT);
	EQ(one(ep, fd, 0), 0);
	EQ(PEER("send 0 100 0"), 100);
	EQ(one(ep, fd, 3000), EPOLLIN | EPOLLOUT);
	EQ(one(ep, fd, 50), 0);
	EQ(read(fd, buf, 10), 10);
	EQ(one(ep, fd, 50), 0);
	EQ(PEER("send 0 100 100"), 100);
	EQ(one(ep, fd, 3000), EPOLLIN | EPOLLOUT);
	EQ(one(ep, fd, 50), 0);
	EQ(read(fd, buf, 1000), 190);
	EQ(one(ep, fd, 50), 0);
	EQ(mod(ep, fd, EPOLLIN | EPOLLET), 0);
	EQ(one(ep, fd, 50), 0);
	EQ(PEER("fin 0"), 0);
	EQ(one(ep, fd, 3000), EPOLLIN);
	EQ(one(ep, fd, 50), 0);
	close(fd);
	close(ep);
}

static void edge_out(void)
{
	int fd = conn_out(0), ep = epoll_create1(0);
	size_t sent = 0;
	ssize_t r;

	set_nonblock(fd);
	EQ(add(ep, fd, EPOLLOUT | EPOLLET), 0);
	EQ(one(ep, fd, 0), EPOLLOUT);
	do {
		do {
			fill(buf, sent, 20000);
			r = send(fd, buf, 20000, 0);
			sent += r > 0 ? r : 0;
		} while (r > 0);
	} while (one(ep, fd, 300) == EPOLLOUT && sent < 64 << 20);
	CHECK(sent < 64 << 20);
	EQ(PEER("recv 0 %zu 0", sent), sent);
	EQ(one(ep, fd, 3000), EPOLLOUT);
	EQ(one(ep, fd, 100), 0);
	close(fd);
	close(ep);
}

static void oneshot(void)
{
	int fd = conn_out(0), ep = epoll_create1(0);

	EQ(add(ep, fd, EPOLLIN | EPOLLONESHOT), 0);
	EQ(PEER("send 0 10 0"), 10);
	EQ(one(ep, fd, 3000), EPOLLIN);
	EQ(one(ep, fd, 50), 0);
	EQ(PEER("send 0 10 10"), 10);
	EQ(one(ep, fd, 50), 0);
	EQ(mod(ep, fd, EPOLLIN | EPOLLONESHOT), 0);
	EQ(one(ep, fd, 1000), EPOLLIN);
	EQ(one(ep, fd, 50), 0);
	close(fd);
	close(ep);
}

static void hang_up(void)
{
	int fd = conn_out(0), ep = epoll_create1(0);

	EQ(add(ep, fd, EPOLLIN | EPOLLRDHUP), 0);
	EQ(PEER("fin 0"), 0);
	EQ(one(ep, fd, 3000), EPOLLIN | EPOLLRDHUP);
	EQ(mod(ep, fd, 0), 0);
	EQ(one(ep, fd, 50), 0);
	EQ(shutdown(fd, SHUT_WR), 0);
	EQ(one(ep, fd, 3000), EPOLLHUP);
	close(fd);
	fd = conn_in(0);
	EQ(add(ep, fd, 0), 0);
	EQ(PEER("reset 0"), 0);
	EQ(one(ep, fd, 3000), EPOLLERR | EPOLLHUP);
	close(fd);
	close(ep);
}

static void errors(void)
{
	int fd = conn_out(0), ep = epoll_create(5), other = dup(1);
	struct epoll_event ev;

	EQ(add(ep, fd, EPOLLIN), 0);
	FAILS(add(ep, fd, EPOLLIN), EEXIST);
	EQ(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), 0);
	FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), ENOENT);
	FAILS(mod(ep, fd, EPOLLIN), ENOENT);
	FAILS(add(ep, ep, EPOLLIN), EINVAL);
	FAILS(add(ep, 1000, EPOLLIN), EBADF);
	FAILS(add(1000, fd, EPOLLIN), EBADF);
	FAILS(add(fd, fd, EPOLLIN), EINVAL);
	FAILS(add(peer, fd, EPOLLIN), EINVAL);
	FAILS(epoll_ctl(ep, 77, fd, &ev), EINVAL);
	FAILS(epoll_wait(ep, &ev, 0, 0), EINVAL);
	FAILS(epoll_wait(fd, &ev, 1, 0), EINVAL);
	close(other);
	close(fd);
	close(ep);
	FAILS(epoll_wait(ep, &ev, 1, 0), EBADF);
	FAILS(epoll_create(0), EINVAL);
}

static void before_connect(void)
{
	struct sockaddr_in a = address(peer_ip(), ++next_port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0);

	EQ(add(ep, fd, EPOLLIN | EPOLLOUT), 0);
	EQ(one(ep, fd, 0), EPOLLOUT | EPOLLHUP);
	EQ(PEER("listen 0 %d", next_port), 0);
	FAILS(connect(fd, (void *)&a, sizeof(a)), EINPROGRESS);
	EQ(one(ep, fd, 3000), EPOLLOUT);
	EQ(PEER("accept 0"), 0);
	EQ(mod(ep, fd, EPOLLIN), 0);
	EQ(PEER("send 0 5 0"), 5);
	EQ(one(ep, fd, 3000), EPOLLIN);
	close(fd);
	EQ(one(ep, fd, 50), 0);

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	EQ(add(ep, fd, EPOLLOUT | EPOLLET), 0);
	EQ(one(ep, fd, 0), EPOLLOUT | EPOLLHUP);
	a = address(peer_ip(), 9);
	FAILS(connect(fd, (void *)&a, sizeof(a)), EINPROGRESS);
	EQ(one(ep, fd, 3000), EPOLLOUT | EPOLLERR | EPOLLHUP);
	close(fd);
	close(ep);
}

static void listening(void)
{
	int port, l = listener(&port), ep = epoll_create1(0), fd;

	set_nonblock(l);
	EQ(add(ep, l, EPOLLIN), 0);
	EQ(one(ep, l, 50), 0);
	EQ(PEER("connect 0 %d %s", port, own_ip()), 0);
	EQ(one(ep, l, 3000), EPOLLIN);
	EQ(one(ep, l, 0), EPOLLIN);
	fd = accept(l, NULL, NULL);
	CHECK(fd >= 0);
	EQ(one(ep, l, 50), 0);
	close(fd);
	EQ(mod(ep, l, EPOLLIN | EPOLLET), 0);
	EQ(PEER("connect 0 %d %s", port, own_ip()), 0);
	EQ(one(ep, l, 3000), EPOLLIN);
	EQ(one(ep, l, 50), 0);
	EQ(PEER("connect 1 %d %s", port, own_ip()), 0);
	EQ(one(ep, l, 3000), EPOLLIN);
	close(accept(l, NULL, NULL));
	close(accept(l, NULL, NULL));
	EQ(mod(ep, l, EPOLLIN | EPOLLONESHOT), 0);
	EQ(PEER("connect 0 %d %s", port, own_ip()), 0);
	EQ(one(ep, l, 3000), EPOLLIN);
	EQ(PEER("connect 1 %d %s", port, own_ip()), 0);
	EQ(one(ep, l, 100), 0);
	close(l);
	close(ep);
}

static void mixed(void)
{
	int fd = conn_out(0), ep = epoll_create1(0), p[2], n, i, seen = 0;
	struct epoll_event ev[8];

	EQ(pipe(p), 0);
	EQ(add(ep, fd, EPOLLIN), 0);
	EQ(add(ep, p[0], EPOLLIN), 0);
	EQ(write(p[1], "x", 1), 1);
	EQ(one(ep, p[0], 1000), EPOLLIN);
	EQ(PEER("send 0 10 0"), 10);
	CHECK(wait_in(fd, 2000));
	/* both are level-triggered: each has to show again and again */
	for (i = 0; i < 40 && seen != 3; i++) {
		n = epoll_wait(ep, ev, 8, 1000);
		while (n-- > 0)
			seen |= ev[n].data.u64 == 0xabcd00000000ull + fd ? 1 : 2;
	}
	EQ(seen, 3);
	seen = 0;
	for (i = 0; i < 40 && seen != 3; i++) {
		n = epoll_wait(ep, ev, 1, 1000);
		EQ(n, 1);
		seen |= ev[0].data.u64 == 0xabcd00000000ull + fd ? 1 : 2;
	}
	EQ(seen, 3);
	EQ(read(p[0], buf, 1), 1);
	EQ(one(ep, fd, 1000), EPOLLIN);
	EQ(read(fd, buf, 100), 10);
	EQ(one(ep, fd, 50), 0);
	close(p[0]);
	close(p[1]);
	close(fd);
	close(ep);
}

static void two_sets(void)
{
	int fd = conn_out(0), a = epoll_create1(0), b = epoll_create1(0);

	EQ(add(a, fd, EPOLLIN), 0);
	EQ(add(b, fd, EPOLLIN | EPOLLET), 0);
	EQ(PEER("send 0 10 0"), 10);
	EQ(one(a, fd, 3000), EPOLLIN);
	EQ(one(b, fd, 3000), EPOLLIN);
	EQ(one(a, fd, 0), EPOLLIN);
	EQ(one(b, fd, 0), 0);
	close(a);
	EQ(read(fd, buf, 100), 10);
	EQ(PEER("send 0 10 0"), 10);
	EQ(one(b, fd, 3000), EPOLLIN);
	close(b);
	close(fd);
}

static void nested(void)
{
	int fd = conn_out(0), in = epoll_create1(0), out = epoll_create1(0);
	struct pollfd p = { .fd = in, .events = POLLIN };

	EQ(add(in, fd, EPOLLIN), 0);
	EQ(add(out, in, EPOLLIN), 0);
	EQ(one(out, in, 50), 0);
	EQ(poll(&p, 1, 0), 0);
	EQ(PEER("send 0 10 0"), 10);
	EQ(one(out, in, 3000), EPOLLIN);
	EQ(poll(&p, 1, 0), 1);
	EQ(one(in, fd, 0), EPOLLIN);
	EQ(one(out, in, 0), EPOLLIN);
	EQ(read(fd, buf, 100), 10);
	EQ(one(out, in, 50), 0);
	EQ(poll(&p, 1, 0), 0);
	EQ(one(in, fd, 0), 0);
	EQ(PEER("send 0 10 0"), 10);
	EQ(poll(&p, 1, 3000), 1);
	EQ(one(in, fd, 0), EPOLLIN);
	close(in);
	close(out);
	close(fd);
}

static void timing(void)
{
	int fd = conn_out(0), ep = epoll_create1(0);
	struct epoll_event ev;
	double start = now();
	sigset_t block;

	EQ(add(ep, fd, EPOLLIN), 0);
	EQ(epoll_wait(ep, &ev, 1, 150), 0);
	CHECK(now() - start >= 0.15 && now() - start < 1);
	on_signal(SIGALRM, SA_RESTART);
	alarm_ms(100);
	FAILS(epoll_wait(ep, &ev, 1, 3000), EINTR);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	signals = 0;
	alarm_ms(50);
	EQ(epoll_pwait(ep, &ev, 1, 150, &block), 0);
	EQ(signals, 1);
	close(fd);
	close(ep);
}

static void duplicates(void)
{
	int fd = conn_out(0), ep = epoll_create1(0), copy = dup(fd);

	EQ(add(ep, fd, EPOLLIN), 0);
	EQ(add(ep, copy, EPOLLIN), 0);
	EQ(epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL), 0);
	close(fd);
	EQ(PEER("send 0 10 0"), 10);
	EQ(one(ep, fd, 3000), EPOLLIN);	/* the file is still open */
	close(copy);
	EQ(one(ep, fd, 50), 0);
	EQ(PEER("read 0"), -ECONNRESET);
	fd = conn_in(0);
	copy = dup(ep);
	EQ(add(ep, fd, EPOLLIN), 0);
	close(ep);
	EQ(PEER("send 0 10 0"), 10);
	EQ(one(copy, fd, 3000), EPOLLIN);
	close(copy);
	close(fd);
}

struct waiter {
	int ep, fd;
	long got;
	double at;
};

static void *wait_thread(void *arg)
{
	struct waiter *w = arg;

	w->got = one(w->ep, w->fd, 5000);
	w->at = now();
	return NULL;
}

/* Each sleeps in its own set; the data is for one of them. */
static void threads(void)
{
	struct waiter w[3];
	pthread_t id[3];
	double start;
	int i;

	for (i = 0; i < 3; i++) {
		w[i].fd = conn_out(i);
		w[i].ep = epoll_create1(0);
		EQ(add(w[i].ep, w[i].fd, EPOLLIN), 0);
		pthread_create(&id[i], NULL, wait_thread, &w[i]);
	}
	usleep(100000);
	for (i = 2; i >= 0; i--) {
		start = now();
		EQ(PEER("send %d 10 0", i), 10);
		pthread_join(id[i], NULL);
		EQ(w[i].got, EPOLLIN);
		CHECK(w[i].at - start < 1.5);
	}
	for (i = 0; i < 3; i++) {
		close(w[i].ep);
		close(w[i].fd);
	}
}

/* What is added while a thread sleeps wakes it. */
static void add_later(void)
{
	struct waiter w = { .ep = epoll_create1(0) };
	pthread_t id;

	w.fd = conn_out(0);
	EQ(PEER("send 0 10 0"), 10);
	CHECK(wait_in(w.fd, 2000));
	pthread_create(&id, NULL, wait_thread, &w);
	usleep(100000);
	EQ(add(w.ep, w.fd, EPOLLIN), 0);
	pthread_join(id, NULL);
	EQ(w.got, EPOLLIN);
	close(w.ep);
	close(w.fd);
}

/* Events of four out of sixteen: all of them come, and only those. */
static void many(void)
{
	int fd[16], ep = epoll_create1(0), i, n, seen = 0;
	struct epoll_event ev[16];

	for (i = 0; i < 16; i++) {
		fd[i] = conn_out(i);
		EQ(add(ep, fd[i], EPOLLIN), 0);
	}
	for (i = 0; i < 16; i += 5)
		EQ(PEER("send %d 1 0", i), 1);
	for (i = 0; i < 16; i += 5)
		CHECK(wait_in(fd[i], 2000));
	for (i = 0; i < 20; i++) {
		n = epoll_wait(ep, ev, 16, 1000);
		while (n-- > 0) {
			int k;

			for (k = 0; k < 16; k++)
				if (ev[n].data.u64 == 0xabcd00000000ull + fd[k])
					seen |= 1 << k;
		}
	}
	EQ(seen, 1 << 0 | 1 << 5 | 1 << 10 | 1 << 15);
	for (i = 0; i < 16; i++)
		close(fd[i]);
	close(ep);
}

MAIN(T(level), T(edge), T(edge_out), T(oneshot), T(hang_up), T(errors), T(before_connect),
     T(listening), T(mixed), T(two_sets), T(nested), T(timing), T(duplicates), T(threads),
     T(add_later), T(many))

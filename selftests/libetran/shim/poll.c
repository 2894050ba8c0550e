// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll and select over mixed sets, and threads that block in different calls.
 *
 * link: -lpthread
 */
#include "posix.h"

static char buf[1 << 16];

static void mixed(void)
{
	int fd = conn_out(0), p[2];
	struct pollfd f[4] = { { .fd = fd, .events = POLLIN }, { .fd = -1, .events = POLLIN },
			       { .events = POLLIN }, { .fd = fd, .events = POLLOUT } };

	EQ(pipe(p), 0);
	f[2].fd = p[0];
	EQ(poll(f, 3, 0), 0);
	EQ(poll(f, 4, 100), 1);
	EQ(f[3].revents, POLLOUT);
	EQ(write(p[1], "x", 1), 1);
	EQ(poll(f, 3, 100), 1);
	EQ(f[0].revents, 0);
	EQ(f[1].revents, 0);
	EQ(f[2].revents, POLLIN);
	EQ(PEER("send 0 10 0"), 10);
	CHECK(wait_in(fd, 2000));
	EQ(poll(f, 4, 1000), 3);
	EQ(f[0].revents, POLLIN);
	EQ(f[2].revents, POLLIN);
	EQ(f[3].revents, POLLOUT);
	f[0].events = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLPRI;
	EQ(poll(f, 1, 0), 1);
	EQ(f[0].revents, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
	close(p[0]);
	EQ(poll(f, 3, 0), 2);
	EQ(f[2].revents, POLLNVAL);
	close(p[1]);
	close(fd);
}

/* Sleeping on both kinds, woken by either. */
static void woken(void)
{
	int fd = conn_out(0), p[2];
	struct pollfd f[2] = { { .fd = fd, .events = POLLIN }, { .events = POLLIN } };
	double start = now();
	int pid;

	EQ(pipe(p), 0);
	f[1].fd = p[0];
	EQ(poll(f, 2, 150), 0);
	CHECK(now() - start >= 0.15 && now() - start < 1);
	peer_post("send 0 10 0 @150");
	EQ(poll(f, 2, 5000), 1);
	EQ(f[0].revents, POLLIN);
	EQ(f[1].revents, 0);
	EQ(peer_answer(), 10);
	EQ(read(fd, buf, 100), 10);
	pid = fork();
	if (!pid) {
		usleep(150000);
		_exit(write(p[1], "x", 1) != 1);
	}
	EQ(poll(f, 2, 5000), 1);
	EQ(f[1].revents, POLLIN);
	close(p[0]);
	close(p[1]);
	close(fd);
}

static void interrupted(void)
{
	int fd = conn_out(0);
	struct pollfd f = { .fd = fd, .events = POLLIN };
	struct timespec t = { .tv_nsec = 200000000 };
	sigset_t mask;

	on_signal(SIGALRM, SA_RESTART);
	alarm_ms(100);
	FAILS(poll(&f, 1, 3000), EINTR);
	EQ(signals, 1);
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	alarm_ms(50);
	EQ(ppoll(&f, 1, &t, &mask), 0);
	EQ(signals, 2);
	close(fd);
}

static void selects(void)
{
	int fd = conn_in(0), p[2], n;
	struct timeval t = { .tv_usec = 100000 };
	fd_set r, w, e;
	double start = now();

	EQ(pipe(p), 0);
	n = (fd > p[0] ? fd : p[0]) + 1;
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(fd, &r);
	FD_SET(p[0], &r);
	EQ(select(n, &r, NULL, NULL, &t), 0);
	CHECK(now() - start >= 0.1 && now() - start < 1);
	CHECK(!FD_ISSET(fd, &r) && !FD_ISSET(p[0], &r));
	EQ(t.tv_usec, 0);
	FD_SET(fd, &r);
	FD_SET(p[0], &r);
	FD_SET(fd, &w);
	FD_SET(fd, &e);
	EQ(select(n, &r, &w, &e, NULL), 1);
	CHECK(!FD_ISSET(fd, &r) && FD_ISSET(fd, &w) && !FD_ISSET(fd, &e));
	EQ(PEER("send 0 10 0"), 10);
	FD_SET(fd, &r);
	t.tv_sec = 5;
	EQ(select(n, &r, NULL, NULL, &t), 1);
	CHECK(FD_ISSET(fd, &r));
	CHECK(t.tv_sec >= 3);
	FD_SET(p[0], &r);
	EQ(write(p[1], "x", 1), 1);
	EQ(select(n, &r, &w, NULL, &t), 3);
	EQ(PEER("fin 0"), 0);
	EQ(read(fd, buf, 100), 10);
	FD_ZERO(&r);
	FD_SET(fd, &r);
	EQ(pselect(n, &r, NULL, NULL, NULL, NULL), 1);
	close(p[0]);
	FD_SET(p[0], &r);
	FAILS(select(n, &r, NULL, NULL, NULL), EBADF);
	close(p[1]);
	close(fd);
}

static void many(void)
{
	struct pollfd f[100];
	int fd = conn_out(0), other = dup(1), i;

	for (i = 0; i < 100; i++)
		f[i] = (struct pollfd){ .fd = i % 2 ? fd : -1, .events = POLLIN };
	EQ(poll(f, 100, 0), 0);
	EQ(PEER("send 0 10 0"), 10);
	EQ(poll(f, 100, 3000), 50);
	close(other);
	close(fd);
}

struct job {
	int fd;
	size_t bytes;
	bool ok;
};

static void *receive(void *arg)
{
	struct job *j = arg;
	size_t done = 0;
	char b[5000];
	ssize_t r;

	while ((r = recv(j->fd, b, sizeof(b), 0)) > 0) {
		if (!same(b, done, r))
			return NULL;
		done += r;
	}
	j->bytes = done;
	j->ok = !r;
	return NULL;
}

/* One blocks in recv() on each of four sockets, one sends on all of them. */
static void blocked_threads(void)
{
	struct job j[4] = { 0 };
	pthread_t id[4];
	int i, k;

	for (i = 0; i < 4; i++) {
		j[i].fd = conn_out(i);
		pthread_create(&id[i], NULL, receive, &j[i]);
	}
	for (k = 0; k < 5; k++)
		for (i = 0; i < 4; i++) {
			EQ(PEER("send %d 3000 %d", i, k * 3000), 3000);
			fill(buf, k * 1000, 1000);
			EQ(send(j[i].fd, buf, 1000, 0), 1000);
		}
	for (i = 3; i >= 0; i--) {
		EQ(PEER("recv %d 5000 0", i), 5000);
		EQ(PEER("fin %d", i), 0);
		pthread_join(id[i], NULL);
		CHECK(j[i].ok);
		EQ(j[i].bytes, 15000);
		close(j[i].fd);
	}
}

static void *sleep_in_poll(void *arg)
{
	struct pollfd f = { .fd = *(int *)arg, .events = POLLIN };

	return (void *)(long)poll(&f, 1, 5000);
}

/* The one that polls for all goes away: another has to take over. */
static void leader_goes(void)
{
	int a = conn_out(0), b = conn_out(1);
	pthread_t ta, tb;
	double start;
	void *r;

	pthread_create(&ta, NULL, sleep_in_poll, &a);
	usleep(100000);
	pthread_create(&tb, NULL, sleep_in_poll, &b);
	usleep(100000);
	EQ(PEER("send 0 1 0"), 1);
	pthread_join(ta, &r);
	EQ((long)r, 1);
	usleep(50000);
	start = now();
	EQ(PEER("send 1 1 0"), 1);
	pthread_join(tb, &r);
	EQ((long)r, 1);
	CHECK(now() - start < 1.5);
	close(a);
	close(b);
}

struct acceptor {
	int fd;
	_Atomic pid_t tid;
	int got;
};

static void *accept_one(void *arg)
{
	struct acceptor *a = arg;

	a->tid = gettid();
	a->got = accept(a->fd, NULL, NULL);
	return NULL;
}

/* How often a thread of ours has gone to sleep. */
static long sleeps_of(pid_t tid)
{
	char path[64], line[128];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

/* What comes for others does not wake a thread that only accepts. */
static void acceptor_sleeps(void)
{
	struct acceptor a = { 0 };
	int port, fd = conn_out(0), i;
	pthread_t id;
	long before, n;

	a.fd = listener(&port);
	pthread_create(&id, NULL, accept_one, &a);
	for (n = 0, before = -1; n < 1 || n != before; n = a.tid ? sleeps_of(a.tid) : 0) {
		before = n;
		usleep(100000);
	}
	for (i = 0; i < 50; i++) {
		peer_post("send 0 1 %d", i);
		EQ(read(fd, buf, 10), 1);
		EQ(peer_answer(), 1);
	}
	n = sleeps_of(a.tid) - before;
	if (n > 10)
		printf("# slept %ld times\n", n);
	CHECK(n <= 10);
	EQ(PEER("connect 1 %d %s", port, own_ip()), 0);
	pthread_join(id, NULL);
	CHECK(a.got >= 0);
	close(a.got);
	close(a.fd);
	close(fd);
}

MAIN(T(mixed), T(woken), T(interrupted), T(selects), T(many), T(blocked_threads),
     T(leader_goes), T(acceptor_sleeps))

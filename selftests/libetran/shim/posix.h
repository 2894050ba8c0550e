/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conformance of sockets. The same program runs over Linux TCP and over eTran
 * and expects the same results; its peer is the program peer on another host, which
 * always uses Linux. They talk through a Unix socket ($PEER_CTL), so that the
 * network carries nothing but the connections under test.
 *
 * Environment: PEER_CTL, PEER_IP, OWN_IP, and FIRST_PORT.
 */
#ifndef SELFTESTS_POSIX_H
#define SELFTESTS_POSIX_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct test {
	const char *name;
	void (*run)(void);
};
#define T(name) { #name, name }

static int peer = -1;
static unsigned int next_port = 20000;
static bool test_failed;

static inline void failed(const char *file, int line, const char *what, long got)
{
	int err = errno;

	test_failed = true;
	printf("# %s:%d: %s (value %ld, errno %d %s)\n", file, line, what, got, err,
	       strerror(err));
}

#define CHECK(cond) \
	do { if (!(cond)) failed(__FILE__, __LINE__, #cond, 0); } while (0)
#define EQ(expr, want) \
	do { errno = 0; long v_ = (expr); \
		if (v_ != (long)(want)) failed(__FILE__, __LINE__, #expr " == " #want, v_); \
	} while (0)
/* As EQ(), of errno or what must not be touched before. */
#define EQ_NOW(expr, want) \
	do { long v_ = (expr); \
		if (v_ != (long)(want)) failed(__FILE__, __LINE__, #expr " == " #want, v_); \
	} while (0)
#define FAILS(expr, err) \
	do { errno = 0; long v_ = (expr); \
		if (v_ != -1 || errno != (err)) failed(__FILE__, __LINE__, #expr " fails with " #err, v_); \
	} while (0)

/* One command, without waiting for its answer. */
__attribute__((format(printf, 1, 2)))
static inline void peer_post(const char *fmt, ...)
{
	char line[200];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (send(peer, line, n, 0) != n) {
		perror("peer");
		exit(1);
	}
}

static inline long peer_answer(void)
{
	char line[64];
	ssize_t n = recv(peer, line, sizeof(line) - 1, 0);

	if (n <= 0) {
		printf("Bail out! the peer is gone\n");
		exit(1);
	}
	line[n] = 0;
	return atol(line);
}

#define PEER(...) (peer_post(__VA_ARGS__), peer_answer())

static inline struct sockaddr_in address(const char *ip, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

static inline const char *own_ip(void) { return getenv("OWN_IP"); }
static inline const char *peer_ip(void) { return getenv("PEER_IP"); }

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static inline void set_nonblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* A connection that we make; the peer's end is number @slot there. */
static inline int conn_out(int slot)
{
	struct sockaddr_in a = address(peer_ip(), ++next_port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	EQ(PEER("listen %d %d", slot, next_port), 0);
	EQ(connect(fd, (void *)&a, sizeof(a)), 0);
	EQ(PEER("accept %d", slot), 0);
	return fd;
}

static inline int listener(int *port)
{
	struct sockaddr_in a = address(own_ip(), ++next_port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	EQ(bind(fd, (void *)&a, sizeof(a)), 0);
	EQ(listen(fd, 16), 0);
	*port = next_port;
	return fd;
}

/* A connection that the peer makes. */
static inline int conn_in(int slot)
{
	int port, l = listener(&port), fd;

	EQ(PEER("connect %d %d %s", slot, port, own_ip()), 0);
	fd = accept(l, NULL, NULL);
	CHECK(fd >= 0);
	close(l);
	return fd;
}

static inline int wait_in(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1 ? p.revents : 0;
}

/* Byte number @i of every stream. */
static inline unsigned char pattern(size_t i)
{
	return i * 31 + i / 251;
}

static inline void fill(void *buf, size_t from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		((unsigned char *)buf)[i] = pattern(from + i);
}

static inline bool same(const void *buf, size_t from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (((const unsigned char *)buf)[i] != pattern(from + i))
			return false;
	return true;
}

static volatile int signals;
static void count_signal(int sig) { (void)sig; signals++; }

static inline void on_signal(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = count_signal, .sa_flags = flags };

	signals = 0;
	sigaction(sig, &sa, NULL);
}

static inline void alarm_ms(int ms)
{
	struct itimerval t = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	setitimer(ITIMER_REAL, &t, NULL);
}

static inline int run_tests(const struct test *tests, size_t n, const char *only)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *ctl = getenv("PEER_CTL");
	int bad = 0, done = 0;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!ctl || !own_ip() || !peer_ip()) {
		fprintf(stderr, "PEER_CTL, PEER_IP, OWN_IP?\n");
		return 64;
	}
	if (getenv("FIRST_PORT"))
		next_port = atoi(getenv("FIRST_PORT"));
	strncpy(a.sun_path, ctl, sizeof(a.sun_path) - 1);
	peer = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (connect(peer, (void *)&a, sizeof(a))) {
		perror(ctl);
		return 1;
	}
	printf("KTAP version 1\n");
	for (i = 0; i < n; i++) {
		if (only && strcmp(only, tests[i].name))
			continue;
		test_failed = false;
		signal(SIGPIPE, SIG_DFL);
		tests[i].run();
		alarm_ms(0);
		PEER("closeall 0");
		printf("%s %d - %s\n", test_failed ? "not ok" : "ok", ++done, tests[i].name);
		bad += test_failed;
	}
	printf("1..%d\n", done);
	return bad ? 1 : 0;
}

#define MAIN(...) \
	static const struct test tests[] = { __VA_ARGS__ }; \
	int main(int argc, char **argv) \
	{ \
		return run_tests(tests, sizeof(tests) / sizeof(tests[0]), \
				 argc > 1 ? argv[1] : NULL); \
	}

#endif /* SELFTESTS_POSIX_H */

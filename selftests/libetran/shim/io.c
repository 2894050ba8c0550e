// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing: results, flags, half close, reset, time-outs, signals.
 *
 * link: -lpthread
 */
#include <sys/sendfile.h>

#include "posix.h"

static char buf[1 << 20];

static void again(void)
{
	int fd = conn_out(0);

	FAILS(recv(fd, buf, 10, MSG_DONTWAIT), EAGAIN);
	set_nonblock(fd);
	FAILS(read(fd, buf, 10), EAGAIN);
	FAILS(recv(fd, buf, 0, 0), EAGAIN);
	EQ(read(fd, buf, 0), 0);
	EQ(PEER("send 0 100 0"), 100);
	CHECK(wait_in(fd, 2000));
	EQ(read(fd, buf, 40), 40);
	EQ(recv(fd, buf + 40, 1000, 0), 60);
	CHECK(same(buf, 0, 100));
	FAILS(read(fd, buf, 10), EAGAIN);
	close(fd);
}

static void peek(void)
{
	int fd = conn_in(0);

	EQ(PEER("send 0 50 0"), 50);
	EQ(recv(fd, buf, 20, MSG_PEEK), 20);
	CHECK(same(buf, 0, 20));
	EQ(recv(fd, buf, 100, MSG_PEEK), 50);
	EQ(recv(fd, buf, 100, 0), 50);
	CHECK(same(buf, 0, 50));
	peer_post("send 0 10 0");
	peer_post("send 0 10 10 @150");
	EQ(recv(fd, buf, 20, MSG_PEEK | MSG_WAITALL), 20);
	EQ(recv(fd, buf, 20, MSG_DONTWAIT), 20);
	CHECK(same(buf, 0, 20));
	EQ(peer_answer() + peer_answer(), 20);
	close(fd);
}

static void waitall(void)
{
	int fd = conn_out(0);

	peer_post("send 0 10 0");
	peer_post("send 0 10 10 @100");
	EQ(recv(fd, buf, 20, MSG_WAITALL), 20);
	CHECK(same(buf, 0, 20));
	EQ(peer_answer() + peer_answer(), 20);
	peer_post("send 0 7 0");
	peer_post("fin 0 @100");
	EQ(recv(fd, buf, 20, MSG_WAITALL), 7);
	EQ(recv(fd, buf, 20, MSG_WAITALL), 0);
	peer_answer();
	peer_answer();
	close(fd);
}

static void lowat(void)
{
	int fd = conn_out(0), n = 10;

	EQ(setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &n, sizeof(n)), 0);
	EQ(PEER("send 0 6 0"), 6);
	EQ(wait_in(fd, 200), 0);
	EQ(PEER("send 0 6 6"), 6);
	EQ(wait_in(fd, 2000), POLLIN);
	EQ(recv(fd, buf, 100, 0), 12);
	CHECK(same(buf, 0, 12));
	close(fd);
}

static void half_close(void)
{
	int fd = conn_out(0);

	on_signal(SIGPIPE, 0);
	EQ(send(fd, "x", 1, 0), 1);
	EQ(shutdown(fd, SHUT_WR), 0);
	EQ(PEER("read 0"), 1);
	EQ(PEER("read 0"), 0);
	FAILS(send(fd, buf, 1, MSG_NOSIGNAL), EPIPE);
	EQ(signals, 0);
	FAILS(write(fd, buf, 1), EPIPE);
	EQ(signals, 1);
	EQ(PEER("send 0 5000 0"), 5000);
	EQ(recv(fd, buf, 5000, MSG_WAITALL), 5000);
	CHECK(same(buf, 0, 5000));
	EQ(PEER("fin 0"), 0);
	EQ(read(fd, buf, 10), 0);
	EQ(read(fd, buf, 10), 0);
	close(fd);
}

static void eof(void)
{
	int fd = conn_in(0);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	EQ(PEER("send 0 10 0"), 10);
	EQ(PEER("fin 0"), 0);
	CHECK(wait_in(fd, 2000));
	usleep(50000);
	EQ(poll(&p, 1, 1000), 1);
	EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP);
	EQ(read(fd, buf, 100), 10);
	EQ(read(fd, buf, 100), 0);
	EQ(read(fd, buf, 100), 0);
	EQ(send(fd, "abc", 3, 0), 3);
	EQ(PEER("read 0"), 3);
	close(fd);
	EQ(PEER("read 0"), 0);
}

static void shutdown_read(void)
{
	int fd = conn_out(0);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };

	EQ(shutdown(fd, SHUT_RD), 0);
	EQ(poll(&p, 1, 0), 1);
	EQ(p.revents, POLLIN | POLLRDHUP);
	EQ(read(fd, buf, 10), 0);
	EQ(send(fd, buf, 10, 0), 10);
	EQ(PEER("read 0"), 10);
	close(fd);
}

static void shutdown_both(void)
{
	int fd = conn_out(0);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	EQ(shutdown(fd, SHUT_RDWR), 0);
	EQ(poll(&p, 1, 0), 1);
	EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	EQ(read(fd, buf, 10), 0);
	FAILS(send(fd, buf, 1, MSG_NOSIGNAL), EPIPE);
	EQ(PEER("read 0"), 0);
	FAILS(shutdown(fd, 17), EINVAL);
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	FAILS(shutdown(fd, SHUT_WR), ENOTCONN);
	close(fd);
}

static void reset_read(void)
{
	int fd = conn_out(0), err = -1;
	socklen_t n = sizeof(err);

	EQ(PEER("reset 0"), 0);
	CHECK(wait_in(fd, 2000));
	FAILS(recv(fd, buf, 10, 0), ECONNRESET);
	EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n), 0);
	EQ(err, 0);
	EQ(recv(fd, buf, 10, 0), 0);
	FAILS(send(fd, buf, 10, MSG_NOSIGNAL), EPIPE);
	FAILS(getpeername(fd, (void *)buf, &n), ENOTCONN);
	close(fd);
}

static void reset_poll(void)
{
	int fd = conn_in(0), err = 0;
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };
	socklen_t n = sizeof(err);

	EQ(PEER("reset 0"), 0);
	CHECK(wait_in(fd, 2000));
	EQ(poll(&p, 1, 1000), 1);
	EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP);
	EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n), 0);
	EQ(err, ECONNRESET);
	EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n), 0);
	EQ(err, 0);
	EQ(poll(&p, 1, 1000), 1);
	EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	EQ(read(fd, buf, 10), 0);
	close(fd);
}

static void reset_blocked(void)
{
	int fd = conn_out(0);

	peer_post("reset 0 @150");
	FAILS(recv(fd, buf, 10, 0), ECONNRESET);
	EQ(peer_answer(), 0);
	close(fd);
}

static void unconnected(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	FAILS(recv(fd, buf, 10, 0), ENOTCONN);
	FAILS(send(fd, buf, 10, MSG_NOSIGNAL), EPIPE);
	EQ(poll(&p, 1, 0), 1);
	EQ(p.revents, POLLOUT | POLLHUP);
	close(fd);
	FAILS(recv(fd, buf, 10, 0), EBADF);
}

static void vectors(void)
{
	int fd = conn_out(0);
	struct sockaddr_in a = address("192.0.2.1", 9);
	struct iovec iov[4] = { { buf, 10 }, { NULL, 0 }, { buf + 10, 100 }, { buf + 110, 3000 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 4, .msg_name = &a,
			    .msg_namelen = sizeof(a), .msg_flags = 0x55 };
	volatile int too_many = 5000;
	socklen_t n = sizeof(a);

	fill(buf, 0, 3110);
	EQ(writev(fd, iov, 4), 3110);
	EQ(PEER("recv 0 3110 0"), 3110);
	EQ(sendmsg(fd, &m, 0), 3110);
	EQ(PEER("recv 0 3110 0"), 3110);
	EQ(sendto(fd, buf, 10, 0, (void *)&a, sizeof(a)), 10);
	EQ(PEER("recv 0 10 0"), 10);
	EQ(PEER("send 0 200 0"), 200);
	usleep(50000);
	memset(buf, 0, sizeof(buf));
	EQ(readv(fd, iov, 4), 200);
	CHECK(same(buf, 0, 200));
	EQ(PEER("send 0 200 0"), 200);
	EQ(recvmsg(fd, &m, 0), 200);
	EQ(m.msg_namelen, 0);
	EQ(m.msg_flags, 0);
	EQ(PEER("send 0 20 0"), 20);
	EQ(recvfrom(fd, buf, 100, 0, (void *)&a, &n), 20);
	EQ(n, 0);
	FAILS(writev(fd, iov, too_many), EINVAL);
	close(fd);
}

static void many_messages(void)
{
	int fd = conn_in(0);
	struct iovec a = { buf, 10 }, b = { buf + 10, 20 };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = &a, .msg_iovlen = 1 } },
				{ .msg_hdr = { .msg_iov = &b, .msg_iovlen = 1 } } };

	fill(buf, 0, 30);
	EQ(sendmmsg(fd, m, 2, 0), 2);
	EQ(m[0].msg_len, 10);
	EQ(m[1].msg_len, 20);
	EQ(PEER("recv 0 30 0"), 30);
	EQ(PEER("send 0 15 0"), 15);
	CHECK(wait_in(fd, 2000));
	EQ(recvmmsg(fd, m, 2, MSG_DONTWAIT, NULL), 2);
	EQ(m[0].msg_len, 10);
	EQ(m[1].msg_len, 5);
	FAILS(recvmmsg(fd, m, 2, MSG_DONTWAIT, NULL), EAGAIN);
	close(fd);
}

static void trunc_flag(void)
{
	int fd = conn_out(0);

	EQ(PEER("send 0 300 0"), 300);
	CHECK(wait_in(fd, 2000));
	memset(buf, 'z', 200);
	EQ(recv(fd, buf, 100, MSG_TRUNC), 100);
	CHECK(buf[0] == 'z' && buf[99] == 'z');
	EQ(recv(fd, buf, 200, MSG_WAITALL), 200);
	CHECK(same(buf, 100, 200));
	close(fd);
}

static void receive_timeout(void)
{
	int fd = conn_out(0);
	struct timeval t = { .tv_usec = 200000 };
	double start = now();

	EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), 0);
	FAILS(recv(fd, buf, 10, 0), EAGAIN);
	CHECK(now() - start > 0.19 && now() - start < 2);
	close(fd);
}

static void send_timeout(void)
{
	int fd = conn_out(0);
	struct timeval t = { .tv_usec = 300000 };
	double start;
	long sent = 0, r;

	EQ(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)), 0);
	fill(buf, 0, sizeof(buf));
	do {	/* until the buffers of both sides are full */
		start = now();
		r = send(fd, buf, sizeof(buf), 0);
		if (r > 0)
			sent += r;
	} while (r == (long)sizeof(buf) && sent < 64 << 20);
	CHECK(sent < 64 << 20);
	CHECK(now() - start > 0.29 && now() - start < 3);
	while (send(fd, buf, 1000, 0) > 0)
		;
	EQ_NOW(errno, EAGAIN);
	close(fd);
}

static void interrupted(void)
{
	int fd = conn_out(0);
	struct timeval t = { .tv_sec = 3 };

	on_signal(SIGALRM, 0);
	alarm_ms(100);
	FAILS(recv(fd, buf, 10, 0), EINTR);
	EQ(signals, 1);

	on_signal(SIGALRM, SA_RESTART);
	alarm_ms(100);
	peer_post("send 0 10 0 @300");
	EQ(recv(fd, buf, 10, 0), 10);
	EQ(signals, 1);
	EQ(peer_answer(), 10);

	EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), 0);
	on_signal(SIGALRM, SA_RESTART);
	alarm_ms(100);
	FAILS(recv(fd, buf, 10, 0), EINTR);
	close(fd);
}

/* Handlers of both kinds installed: each call goes by the one that ran. */
static void interrupted_mixed(void)
{
	int fd = conn_out(0);

	on_signal(SIGUSR1, 0);
	on_signal(SIGALRM, SA_RESTART);
	alarm_ms(100);
	peer_post("send 0 10 0 @300");
	EQ(recv(fd, buf, 10, 0), 10);
	EQ(signals, 1);
	EQ(peer_answer(), 10);
	on_signal(SIGUSR1, SA_RESTART);
	on_signal(SIGALRM, 0);
	alarm_ms(100);
	FAILS(recv(fd, buf, 10, 0), EINTR);
	EQ(signals, 1);
	signal(SIGUSR1, SIG_DFL);
	close(fd);
}

static void fill_up(void)
{
	int fd = conn_out(0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	size_t sent = 0;
	ssize_t r;

	set_nonblock(fd);
	/* acknowledged data makes room until the peer's buffer is full */
	do {
		fill(buf, sent, 10000);
		r = send(fd, buf, 10000, 0);
		sent += r > 0 ? r : 0;
	} while ((r > 0 || poll(&p, 1, 300) == 1) && sent < 64 << 20);
	CHECK(sent < 64 << 20);
	do {
		fill(buf, sent, 100);
		r = send(fd, buf, 100, 0);
		sent += r > 0 ? r : 0;
	} while (r > 0);
	EQ_NOW(errno, EAGAIN);
	peer_post("recv 0 %zu 0", sent);
	EQ(poll(&p, 1, 5000), 1);
	EQ(p.revents, POLLOUT);
	EQ(peer_answer(), sent);
	fill(buf, sent, 10);
	EQ(send(fd, buf, 10, 0), 10);
	EQ(PEER("recv 0 10 %zu", sent), 10);
	close(fd);
}

static void bulk(void)
{
	size_t n = 4 << 20, done = 0;
	int fd = conn_out(0);
	ssize_t r;

	peer_post("recv 0 %zu 0 @100", n);
	while (done < n) {
		fill(buf, done, sizeof(buf));
		EQ(r = send(fd, buf, sizeof(buf), 0), sizeof(buf));
		if (r <= 0)
			break;
		done += r;
	}
	EQ(peer_answer(), n);
	peer_post("send 0 %zu 0", n);
	for (done = 0; done < n; done += r) {
		r = recv(fd, buf, sizeof(buf), MSG_WAITALL);
		EQ(r, sizeof(buf));
		if (r <= 0)
			break;
		CHECK(same(buf, done, r));
	}
	EQ(peer_answer(), n);
	close(fd);
}

static void queue_sizes(void)
{
	int fd = conn_in(0), n = -1, i;

	EQ(ioctl(fd, FIONREAD, &n), 0);
	EQ(n, 0);
	EQ(PEER("send 0 1234 0"), 1234);
	CHECK(wait_in(fd, 2000));
	for (i = 0; i < 100 && n != 1234; i++) {
		usleep(10000);
		ioctl(fd, FIONREAD, &n);
	}
	EQ(n, 1234);
	EQ(send(fd, buf, 1000, 0), 1000);
	EQ(PEER("read 0"), 1000);
	for (i = 0; i < 100 && n; i++) {
		usleep(10000);
		ioctl(fd, TIOCOUTQ, &n);
	}
	EQ(n, 0);
	close(fd);
}

static void file(void)
{
	int fd = conn_out(0), in;
	char name[] = "/tmp/posix-XXXXXX";
	off_t off = 1000;

	in = mkstemp(name);
	unlink(name);
	fill(buf, 0, 100000);
	EQ(write(in, buf, 100000), 100000);
	lseek(in, 0, SEEK_SET);
	peer_post("recv 0 50000 0");
	EQ(sendfile(fd, in, NULL, 50000), 50000);
	EQ(peer_answer(), 50000);
	EQ(lseek(in, 0, SEEK_CUR), 50000);
	peer_post("recv 0 99000 1000");
	EQ(sendfile(fd, in, &off, 200000), 99000);
	EQ(peer_answer(), 99000);
	EQ(off, 100000);
	EQ(lseek(in, 0, SEEK_CUR), 50000);
	EQ(sendfile(fd, in, &off, 10), 0);
	close(in);
	close(fd);
}

static void close_unread(void)
{
	int fd = conn_out(0);

	EQ(PEER("send 0 10 0"), 10);
	CHECK(wait_in(fd, 2000));
	close(fd);
	EQ(PEER("read 0"), -ECONNRESET);
}

static void close_hard(void)
{
	struct linger l = { .l_onoff = 1 };
	int fd = conn_out(0);

	EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	close(fd);
	EQ(PEER("read 0"), -ECONNRESET);
}

static void close_lingering(void)
{
	struct linger l = { .l_onoff = 1, .l_linger = 5 };
	int fd = conn_out(0);
	double start;

	EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	fill(buf, 0, 20000);
	EQ(send(fd, buf, 20000, 0), 20000);
	start = now();
	EQ(close(fd), 0);
	CHECK(now() - start < 3);
	EQ(PEER("recv 0 20000 0"), 20000);
	EQ(PEER("read 0"), 0);
}

/* All that was written before close() arrives, and then the end. */
static void close_soft(void)
{
	int fd = conn_out(0);

	fill(buf, 0, 100000);
	EQ(send(fd, buf, 100000, 0), 100000);
	close(fd);
	EQ(PEER("recv 0 100000 0"), 100000);
	EQ(PEER("read 0"), 0);
}

MAIN(T(again), T(peek), T(waitall), T(lowat), T(half_close), T(eof), T(shutdown_read),
     T(shutdown_both), T(reset_read), T(reset_poll), T(reset_blocked), T(unconnected),
     T(vectors), T(many_messages), T(trunc_flag), T(receive_timeout), T(send_timeout),
     T(interrupted), T(interrupted_mixed), T(fill_up), T(bulk), T(queue_sizes), T(file),
     T(close_unread), T(close_hard), T(close_lingering), T(close_soft))

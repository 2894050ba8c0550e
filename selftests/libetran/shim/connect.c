// SPDX-License-Identifier: GPL-2.0-only
/*
 * connect(), listen(), accept(): outcomes, blocking and not, names, options.
 *
 * link: -lpthread
 */
#include "posix.h"

static int error_of(int fd)
{
	int err = -1;
	socklen_t n = sizeof(err);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n);
	return err;
}

static int tcp(int flags)
{
	return socket(AF_INET, SOCK_STREAM | flags, 0);
}

static void refused(void)
{
	struct sockaddr_in a = address(peer_ip(), 9);
	int fd = tcp(0);

	FAILS(connect(fd, (void *)&a, sizeof(a)), ECONNREFUSED);
	EQ(error_of(fd), 0);
	close(fd);
}

static void refused_nonblock(void)
{
	struct sockaddr_in a = address(peer_ip(), 9);
	int fd = tcp(SOCK_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	FAILS(connect(fd, (void *)&a, sizeof(a)), EINPROGRESS);
	EQ(poll(&p, 1, 3000), 1);
	EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP);
	EQ(error_of(fd), ECONNREFUSED);
	EQ(error_of(fd), 0);
	close(fd);
}

static void refused_again(void)
{
	struct sockaddr_in a = address(peer_ip(), 9);
	int fd = tcp(0);

	FAILS(connect(fd, (void *)&a, sizeof(a)), ECONNREFUSED);
	EQ(PEER("listen 0 %d", ++next_port), 0);
	a.sin_port = htons(next_port);
	EQ(connect(fd, (void *)&a, sizeof(a)), 0);
	EQ(PEER("accept 0"), 0);
	EQ(send(fd, "x", 1, 0), 1);
	EQ(PEER("read 0"), 1);
	close(fd);
}

static void nonblock(void)
{
	struct sockaddr_in a = address(peer_ip(), ++next_port), b;
	int fd = tcp(SOCK_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	socklen_t n = sizeof(b);

	EQ(PEER("listen 0 %d", next_port), 0);
	FAILS(connect(fd, (void *)&a, sizeof(a)), EINPROGRESS);
	EQ(poll(&p, 1, 3000), 1);
	EQ(p.revents, POLLOUT);
	EQ(error_of(fd), 0);
	EQ(getpeername(fd, (void *)&b, &n), 0);
	CHECK(b.sin_port == a.sin_port && b.sin_addr.s_addr == a.sin_addr.s_addr);
	EQ(connect(fd, (void *)&a, sizeof(a)), 0);
	FAILS(connect(fd, (void *)&a, sizeof(a)), EISCONN);
	EQ(PEER("accept 0"), 0);
	close(fd);
	EQ(PEER("read 0"), 0);
}

/* Nobody has this address. */
static void no_answer(void)
{
	struct sockaddr_in a = address(peer_ip(), 80);
	struct timeval t = { .tv_usec = 300000 };
	int fd = tcp(SOCK_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	socklen_t n = sizeof(a);
	char c;

	((unsigned char *)&a.sin_addr)[3] = 77;
	FAILS(connect(fd, (void *)&a, sizeof(a)), EINPROGRESS);
	FAILS(connect(fd, (void *)&a, sizeof(a)), EALREADY);
	EQ(poll(&p, 1, 100), 0);
	EQ(error_of(fd), 0);
	FAILS(recv(fd, &c, 1, 0), EAGAIN);
	FAILS(send(fd, &c, 1, MSG_NOSIGNAL), EAGAIN);
	FAILS(getpeername(fd, (void *)&a, &n), ENOTCONN);
	close(fd);

	fd = tcp(0);
	EQ(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)), 0);
	a = address(peer_ip(), 80);
	((unsigned char *)&a.sin_addr)[3] = 77;
	FAILS(connect(fd, (void *)&a, sizeof(a)), EINPROGRESS);
	FAILS(connect(fd, (void *)&a, sizeof(a)), EALREADY);
	close(fd);

	fd = tcp(0);
	on_signal(SIGALRM, 0);
	alarm_ms(100);
	FAILS(connect(fd, (void *)&a, sizeof(a)), EINTR);
	close(fd);
}

static void names(void)
{
	struct sockaddr_in a, b;
	socklen_t n = sizeof(a);
	int fd = conn_out(0), in;

	EQ(getsockname(fd, (void *)&a, &n), 0);
	EQ(n, sizeof(a));
	CHECK(a.sin_family == AF_INET && a.sin_addr.s_addr == inet_addr(own_ip()));
	CHECK(a.sin_port != 0);
	in = conn_in(1);
	n = sizeof(b);
	EQ(getpeername(in, (void *)&b, &n), 0);
	CHECK(b.sin_addr.s_addr == inet_addr(peer_ip()));
	EQ(ntohs(b.sin_port), PEER("port 1"));
	n = 4;
	EQ(getpeername(in, (void *)&b, &n), 0);
	EQ(n, sizeof(b));
	close(fd);
	close(in);
	fd = tcp(0);
	FAILS(getpeername(fd, (void *)&b, &n), ENOTCONN);
	close(fd);
}

static void bound(void)
{
	struct sockaddr_in a = address(own_ip(), ++next_port), b;
	socklen_t n = sizeof(b);
	int fd = tcp(0);

	EQ(bind(fd, (void *)&a, sizeof(a)), 0);
	EQ(PEER("listen 0 %d", ++next_port), 0);
	b = address(peer_ip(), next_port);
	EQ(connect(fd, (void *)&b, sizeof(b)), 0);
	EQ(getsockname(fd, (void *)&b, &n), 0);
	EQ(b.sin_port, a.sin_port);
	close(fd);
}

static void in_use(void)
{
	int port, l = listener(&port), fd = tcp(0);
	struct sockaddr_in a = address(own_ip(), port);

	FAILS(bind(fd, (void *)&a, sizeof(a)), EADDRINUSE);
	close(fd);
	close(l);
	fd = tcp(0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	EQ(bind(fd, (void *)&a, sizeof(a)), 0);
	EQ(listen(fd, 1), 0);
	EQ(PEER("connect 0 %d %s", port, own_ip()), 0);
	close(fd);
}

static void accept_empty(void)
{
	struct timeval t = { .tv_usec = 200000 };
	int port, l = listener(&port), fd;
	double start = now();

	EQ(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), 0);
	FAILS(accept(l, NULL, NULL), EAGAIN);
	CHECK(now() - start > 0.19);
	set_nonblock(l);
	CHECK(fcntl(l, F_GETFL) & O_NONBLOCK);
	FAILS(accept(l, NULL, NULL), EAGAIN);
	fcntl(l, F_SETFL, fcntl(l, F_GETFL) & ~O_NONBLOCK);
	CHECK(!(fcntl(l, F_GETFL) & O_NONBLOCK));
	on_signal(SIGALRM, 0);
	alarm_ms(100);
	FAILS(accept(l, NULL, NULL), EINTR);
	close(l);
	fd = tcp(0);
	FAILS(accept(fd, NULL, NULL), EINVAL);
	close(fd);
}

static void accept_flags(void)
{
	int port, l = listener(&port), fd;
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	set_nonblock(l);
	EQ(PEER("connect 0 %d %s", port, own_ip()), 0);
	EQ(wait_in(l, 3000), POLLIN);
	fd = accept(l, (void *)&a, &n);
	CHECK(fd >= 0);
	EQ(n, sizeof(a));
	EQ(ntohs(a.sin_port), PEER("port 0"));
	CHECK(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
	CHECK(!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
	close(fd);
	EQ(PEER("connect 0 %d %s", port, own_ip()), 0);
	EQ(wait_in(l, 3000), POLLIN);
	fd = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	FAILS(recv(fd, &n, 1, 0), EAGAIN);
	close(fd);
	FAILS(accept4(l, NULL, NULL, 1 << 30), EINVAL);
	FAILS(accept(l, NULL, NULL), EAGAIN);
	close(l);
}

static void accept_blocked(void)
{
	int port, l = listener(&port), fd;

	peer_post("connect 0 %d %s @200", port, own_ip());
	fd = accept(l, NULL, NULL);
	CHECK(fd >= 0);
	EQ(peer_answer(), 0);
	close(fd);
	close(l);
}

static void several_waiting(void)
{
	int port, l = listener(&port), fd[3], i;
	char c;

	for (i = 0; i < 3; i++) {
		EQ(PEER("connect %d %d %s", i, port, own_ip()), 0);
		EQ(PEER("send %d 1 %d", i, i), 1);
	}
	for (i = 0; i < 3; i++) {
		fd[i] = accept(l, NULL, NULL);
		EQ(recv(fd[i], &c, 1, 0), 1);
		EQ((unsigned char)c, pattern(i));
	}
	for (i = 0; i < 3; i++)
		close(fd[i]);
	close(l);
}

/* Without bind(), listen() takes a port. */
static void listen_unbound(void)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int l = tcp(0), fd;

	EQ(listen(l, 5), 0);
	EQ(getsockname(l, (void *)&a, &n), 0);
	CHECK(a.sin_port != 0);
	EQ(PEER("connect 0 %d %s", ntohs(a.sin_port), own_ip()), 0);
	fd = accept(l, NULL, NULL);
	CHECK(fd >= 0);
	EQ(PEER("send 0 10 0"), 10);
	CHECK(wait_in(fd, 2000));
	close(fd);
	close(l);
}

static void shut_listener(void)
{
	int port, l = listener(&port);

	EQ(shutdown(l, SHUT_RDWR), 0);
	FAILS(accept(l, NULL, NULL), EINVAL);
	close(l);
}

static void options(void)
{
	int port, l = listener(&port), fd = conn_out(0), v;
	struct timeval t = { .tv_sec = 7 }, back;
	struct linger lg = { 1, 3 }, lgb;
	struct tcp_info info;
	socklen_t n = sizeof(v);

	EQ(getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &v, &n), 0);
	EQ(v, 1);
	EQ(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &v, &n), 0);
	EQ(v, 0);
	EQ(getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, &n), 0);
	EQ(v, SOCK_STREAM);
	EQ(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &v, &n), 0);
	EQ(v, AF_INET);
	EQ(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &v, &n), 0);
	EQ(v, IPPROTO_TCP);
	v = 1;
	EQ(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v)), 0);
	EQ(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &v, sizeof(v)), 0);
	v = 0;
	EQ(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &v, &n), 0);
	EQ(v, 1);
	FAILS(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &v, 1), EINVAL);
	FAILS(setsockopt(fd, IPPROTO_TCP, 9999, &v, sizeof(v)), ENOPROTOOPT);
	EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), 0);
	n = sizeof(back);
	EQ(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &back, &n), 0);
	EQ(back.tv_sec, 7);
	EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	n = sizeof(lgb);
	EQ(getsockopt(fd, SOL_SOCKET, SO_LINGER, &lgb, &n), 0);
	CHECK(lgb.l_onoff && lgb.l_linger == 3);
	n = sizeof(info);
	EQ(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
	EQ(info.tcpi_state, TCP_ESTABLISHED);
	n = sizeof(info);
	EQ(getsockopt(l, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
	EQ(info.tcpi_state, TCP_LISTEN);
	close(fd);
	close(l);
}

MAIN(T(refused), T(refused_nonblock), T(refused_again), T(nonblock), T(no_answer), T(names),
     T(bound), T(in_use), T(accept_empty), T(accept_flags), T(accept_blocked),
     T(several_waiting), T(listen_unbound), T(shut_listener), T(options))

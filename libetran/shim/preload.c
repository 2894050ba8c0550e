// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The symbols that libetran-preload.so puts before the C library's: each finds
 * out whether a descriptor is eTran's, and does nothing else.
 */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/time.h>

#include "accept.h"
#include "conn.h"
#include "epoll.h"
#include "epoll_wait.h"
#include "fd.h"
#include "io.h"
#include "life.h"
#include "opt.h"
#include "poll.h"
#include "real.h"
#include "wait.h"

/* The C library's prototypes carry attributes that ours need not repeat. */
#pragma GCC diagnostic ignored "-Wnonnull"
#pragma GCC diagnostic ignored "-Wnonnull-compare"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#define EXPORT __attribute__((visibility("default")))

/*
 * libetran itself is in this object and calls these symbols, too. Its own
 * descriptors are none of the program's business, and a copy that it makes of
 * one of the program's is not another name for the program.
 */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

#define FROM_LIBETRAN() \
	((uintptr_t)__builtin_return_address(0) >= (uintptr_t)__ehdr_start && \
	 (uintptr_t)__builtin_return_address(0) < (uintptr_t)etext)

/*
 * Life of a socket
 */

EXPORT int socket(int domain, int type, int proto)
{
	return shim_socket(domain, type, proto);
}

EXPORT int connect(int fd, const struct sockaddr *a, socklen_t n)
{
	struct shim_file *f = shim_get(fd);
	int r;

	if (!f)
		return real.connect(fd, a, n);
	r = shim_connect(f, fd, a, n);
	shim_put(f);
	return r;
}

EXPORT int listen(int fd, int backlog)
{
	struct shim_file *f = shim_get(fd);
	int r;

	if (!f)
		return real.listen(fd, backlog);
	r = shim_listen(f, fd, backlog);
	shim_put(f);
	return r;
}

EXPORT int accept4(int fd, struct sockaddr *a, socklen_t *n, int flags)
{
	struct shim_file *f = shim_get(fd);
	int r;

	if (!f)
		return real.accept4(fd, a, n, flags);
	r = shim_accept(f, fd, a, n, flags);
	shim_put(f);
	return r;
}

EXPORT int accept(int fd, struct sockaddr *a, socklen_t *n)
{
	if (!shim_peek(fd))
		return real.accept(fd, a, n);
	return accept4(fd, a, n, 0);
}

EXPORT int shutdown(int fd, int how)
{
	struct shim_file *f = shim_get(fd);
	int r;

	if (!f)
		return real.shutdown(fd, how);
	r = shim_shutdown(f, fd, how);
	shim_put(f);
	return r;
}

EXPORT int getsockname(int fd, struct sockaddr *a, socklen_t *n)
{
	struct shim_file *f = shim_get(fd);
	int r;

	if (!f)
		return real.getsockname(fd, a, n);
	r = shim_getname(f, fd, a, n, false);
	shim_put(f);
	return r;
}

EXPORT int getpeername(int fd, struct sockaddr *a, socklen_t *n)
{
	struct shim_file *f = shim_get(fd);
	int r;

	if (!f)
		return real.getpeername(fd, a, n);
	r = shim_getname(f, fd, a, n, true);
	shim_put(f);
	return r;
}

/*
 * Descriptors
 */

EXPORT int close(int fd)
{
	if (!shim_peek(fd))
		return real.close(fd);
	return FROM_LIBETRAN() ? shim_close_own(fd) : shim_close(fd);
}

EXPORT int close_range(unsigned int lo, unsigned int hi, int flags)
{
	return shim_close_range(lo, hi, flags);
}

EXPORT void closefrom(int lo)
{
	shim_close_range(lo < 0 ? 0 : lo, ~0U, 0);
}

EXPORT int dup(int fd)
{
	return shim_dup(fd, real.dup(fd));
}

EXPORT int dup2(int fd, int to)
{
	if (!shim_peek(fd) && !shim_peek(to))
		return real.dup2(fd, to);
	return shim_dup_to(fd, to, -1);
}

EXPORT int dup3(int fd, int to, int flags)
{
	if (!shim_peek(fd) && !shim_peek(to))
		return real.dup3(fd, to, flags);
	if (fd == to || flags < 0)
		return real.dup3(fd, to, flags);
	return shim_dup_to(fd, to, flags);
}

EXPORT int fcntl64(int fd, int cmd, ...)
{
	bool own = cmd == F_DUPFD_CLOEXEC && FROM_LIBETRAN();
	struct shim_file *f = own ? NULL : shim_get(fd);
	va_list ap;
	long arg;
	int r;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	if (!f)
		return own ? shim_dup_own(fd, arg) : real.fcntl(fd, cmd, arg);
	r = shim_fcntl(f, fd, cmd, arg);
	shim_put(f);
	return r;
}

EXPORT int fcntl(int fd, int cmd, ...) __attribute__((alias("fcntl64")));

EXPORT int ioctl(int fd, unsigned long req, ...)
{
	struct shim_file *f = shim_get(fd);
	va_list ap;
	long arg;
	int r;

	va_start(ap, req);
	arg = va_arg(ap, long);
	va_end(ap);
	if (!f)
		return real.ioctl(fd, req, arg);
	r = shim_ioctl(f, fd, req, arg);
	shim_put(f);
	return r;
}

EXPORT int getsockopt(int fd, int level, int opt, void *val, socklen_t *len)
{
	struct shim_file *f = shim_get(fd);
	int r;

	if (!f)
		return real.getsockopt(fd, level, opt, val, len);
	r = shim_getsockopt(f, fd, level, opt, val, len);
	shim_put(f);
	return r;
}

EXPORT int setsockopt(int fd, int level, int opt, const void *val, socklen_t len)
{
	struct shim_file *f = shim_get(fd);
	int r;

	if (!f)
		return real.setsockopt(fd, level, opt, val, len);
	r = shim_setsockopt(f, fd, level, opt, val, len);
	shim_put(f);
	return r;
}

/*
 * Receiving
 */

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_read(f, &iov, 1)) : real.read(fd, buf, len);
}

EXPORT ssize_t readv(int fd, const struct iovec *iov, int n)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_read(f, iov, n)) : real.readv(fd, iov, n);
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_recv(f, buf, len, flags)) :
		   real.recv(fd, buf, len, flags);
}

EXPORT ssize_t recvfrom(int fd, void *restrict buf, size_t len, int flags,
			struct sockaddr *restrict a, socklen_t *restrict n)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_recvfrom(f, buf, len, flags, a, n)) :
		   real.recvfrom(fd, buf, len, flags, a, n);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_recvmsg(f, m, flags)) : real.recvmsg(fd, m, flags);
}

EXPORT int recvmmsg(int fd, struct mmsghdr *m, unsigned int n, int flags, struct timespec *t)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_recvmmsg(f, m, n, flags, t)) :
		   real.recvmmsg(fd, m, n, flags, t);
}

/* What -D_FORTIFY_SOURCE makes of the above. */
void __chk_fail(void) __attribute__((noreturn));

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t room)
{
	if (len > room)
		__chk_fail();
	return read(fd, buf, len);
}

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t room, int flags)
{
	if (len > room)
		__chk_fail();
	return recv(fd, buf, len, flags);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t room, int flags,
			      struct sockaddr *a, socklen_t *n)
{
	if (len > room)
		__chk_fail();
	return recvfrom(fd, buf, len, flags, a, n);
}

/*
 * Sending
 */

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_send(f, buf, len, 0)) : real.write(fd, buf, len);
}

EXPORT ssize_t writev(int fd, const struct iovec *iov, int n)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_sendv(f, iov, n, 0)) : real.writev(fd, iov, n);
}

EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_send(f, buf, len, flags)) :
		   real.send(fd, buf, len, flags);
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags,
		      const struct sockaddr *a, socklen_t n)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_send(f, buf, len, flags)) :
		   real.sendto(fd, buf, len, flags, a, n);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_sendmsg(f, m, flags)) : real.sendmsg(fd, m, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *m, unsigned int n, int flags)
{
	struct shim_file *f = shim_get_conn(fd);

	return f ? shim_ret(f, shim_sendmmsg(f, m, n, flags)) :
		   real.sendmmsg(fd, m, n, flags);
}

EXPORT ssize_t sendfile64(int out, int in, off64_t *off, size_t len)
{
	struct shim_file *f = shim_get_conn(out);

	return f ? shim_ret(f, shim_sendfile(f, in, off, len)) :
		   real.sendfile(out, in, off, len);
}

EXPORT ssize_t sendfile(int out, int in, off_t *off, size_t len)
	__attribute__((alias("sendfile64")));

/* A file that cannot be spliced: programs then read and write. */
EXPORT ssize_t splice(int in, off64_t *ioff, int out, off64_t *ooff, size_t len,
		      unsigned int flags)
{
	struct shim_file *a = shim_get_conn(in), *b = shim_get_conn(out);

	if (a)
		shim_put(a);
	if (b)
		shim_put(b);
	if (!a && !b)
		return real.splice(in, ioff, out, ooff, len, flags);
	errno = EINVAL;
	return -1;
}

/*
 * Waiting
 */

static const struct timespec *from_ms(struct timespec *t, int ms)
{
	*t = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	return ms < 0 ? NULL : t;
}

EXPORT int poll(struct pollfd *p, nfds_t n, int ms)
{
	struct shim_until u;
	struct timespec t;

	if (!shim_poll_has_ours(p, n))
		return real.poll(p, n, ms);
	shim_until(&u, from_ms(&t, ms));
	return shim_poll(p, n, &u, NULL);
}

EXPORT int ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask)
{
	struct shim_until u;

	if (!shim_poll_has_ours(p, n))
		return real.ppoll(p, n, t, mask);
	shim_until(&u, t);
	return shim_poll(p, n, &u, mask);
}

EXPORT int __poll_chk(struct pollfd *p, nfds_t n, int ms, size_t room)
{
	if (room / sizeof(*p) < n)
		__chk_fail();
	return poll(p, n, ms);
}

EXPORT int __ppoll_chk(struct pollfd *p, nfds_t n, const struct timespec *t,
		       const sigset_t *mask, size_t room)
{
	if (room / sizeof(*p) < n)
		__chk_fail();
	return ppoll(p, n, t, mask);
}

/* Linux tells how much of the time was left. */
EXPORT int select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *t)
{
	struct timespec left;
	struct shim_until u;
	int got;

	if (!shim_select_has_ours(n, r, w, e))
		return real.select(n, r, w, e, t);
	if (t)
		left = (struct timespec){ t->tv_sec, t->tv_usec * 1000L };
	shim_until(&u, t ? &left : NULL);
	got = shim_select(n, r, w, e, &u, NULL);
	shim_left(&u, &left);
	if (t)
		*t = (struct timeval){ left.tv_sec, left.tv_nsec / 1000 };
	return got;
}

EXPORT int pselect(int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *t,
		   const sigset_t *mask)
{
	struct shim_until u;

	if (!shim_select_has_ours(n, r, w, e))
		return real.pselect(n, r, w, e, t, mask);
	shim_until(&u, t);
	return shim_select(n, r, w, e, &u, mask);
}

EXPORT int epoll_create(int size)
{
	return shim_epoll_new(real.epoll_create(size));
}

EXPORT int epoll_create1(int flags)
{
	return shim_epoll_new(real.epoll_create1(flags));
}

EXPORT int epoll_ctl(int ep, int op, int fd, struct epoll_event *ev)
{
	if (!shim_peek(fd))
		return real.epoll_ctl(ep, op, fd, ev);
	return shim_epoll_ctl(ep, op, fd, ev);
}

EXPORT int epoll_pwait(int ep, struct epoll_event *ev, int max, int ms, const sigset_t *mask)
{
	struct shim_file *f = shim_get(ep);
	struct shim_until u;
	struct timespec t;
	int r;

	if (!f)
		return real.epoll_pwait(ep, ev, max, ms, mask);
	shim_until(&u, from_ms(&t, ms));
	r = shim_epoll_wait(f, ep, ev, max, &u, mask);
	shim_put(f);
	return r;
}

EXPORT int epoll_wait(int ep, struct epoll_event *ev, int max, int ms)
{
	return epoll_pwait(ep, ev, max, ms, NULL);
}

EXPORT int epoll_pwait2(int ep, struct epoll_event *ev, int max, const struct timespec *t,
			const sigset_t *mask)
{
	struct shim_file *f = shim_get(ep);
	struct shim_until u;
	int r;

	if (!f)
		return real.epoll_pwait2(ep, ev, max, t, mask);
	shim_until(&u, t);
	r = shim_epoll_wait(f, ep, ev, max, &u, mask);
	shim_put(f);
	return r;
}

/*
 * Signals, only to know whether a blocked read() has to be restarted
 */

EXPORT int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	int r;

	shim_init();
	r = real.sigaction(sig, act, old);
	if (!r && act)
		shim_signal_seen(sig);
	return r;
}

EXPORT sighandler_t signal(int sig, sighandler_t h)
{
	sighandler_t r;

	shim_init();
	r = real.signal(sig, h);
	if (r != SIG_ERR)
		shim_signal_seen(sig);
	return r;
}

EXPORT int siginterrupt(int sig, int flag)
{
	int r;

	shim_init();
	r = real.siginterrupt(sig, flag);
	if (!r)
		shim_signal_seen(sig);
	return r;
}

/*
 * The end
 */

EXPORT void _exit(int status)
{
	shim_at_exit();
	for (;;)
		real._exit(status);
}

EXPORT void _Exit(int status) __attribute__((alias("_exit"), noreturn));

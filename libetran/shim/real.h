/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The C library's own functions behind those that the shim interposes.
 *
 * Each starts out as a bare system call, so that a call made before the
 * constructor ran (from another library's constructor, from malloc inside of
 * dlsym) works as well; the constructor then puts what dlsym(RTLD_NEXT) finds
 * in its place.
 */
#ifndef LIBETRAN_SHIM_REAL_H
#define LIBETRAN_SHIM_REAL_H

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHIM_SIGSET	(_NSIG / 8)

/* X(type, name, (parameters), system call and its arguments) */
#define SHIM_REAL(X) \
X(int, socket, (int domain, int type, int proto), SYS_socket, domain, type, proto) \
X(int, bind, (int fd, const struct sockaddr *a, socklen_t n), SYS_bind, fd, a, n) \
X(int, connect, (int fd, const struct sockaddr *a, socklen_t n), SYS_connect, fd, a, n) \
X(int, listen, (int fd, int backlog), SYS_listen, fd, backlog) \
X(int, accept, (int fd, struct sockaddr *a, socklen_t *n), SYS_accept, fd, a, n) \
X(int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int flags), \
	SYS_accept4, fd, a, n, flags) \
X(int, shutdown, (int fd, int how), SYS_shutdown, fd, how) \
X(int, close, (int fd), SYS_close, fd) \
X(int, close_range, (unsigned int lo, unsigned int hi, int flags), \
	SYS_close_range, lo, hi, flags) \
X(void, closefrom, (int lo), SYS_close_range, lo, ~0U, 0) \
X(int, dup, (int fd), SYS_dup, fd) \
X(int, dup2, (int fd, int to), SYS_dup2, fd, to) \
X(int, dup3, (int fd, int to, int flags), SYS_dup3, fd, to, flags) \
X(int, fcntl, (int fd, int cmd, long arg), SYS_fcntl, fd, cmd, arg) \
X(int, ioctl, (int fd, unsigned long req, long arg), SYS_ioctl, fd, req, arg) \
X(int, getsockopt, (int fd, int level, int opt, void *val, socklen_t *len), \
	SYS_getsockopt, fd, level, opt, val, len) \
X(int, setsockopt, (int fd, int level, int opt, const void *val, socklen_t len), \
	SYS_setsockopt, fd, level, opt, val, len) \
X(int, getsockname, (int fd, struct sockaddr *a, socklen_t *n), SYS_getsockname, fd, a, n) \
X(int, getpeername, (int fd, struct sockaddr *a, socklen_t *n), SYS_getpeername, fd, a, n) \
X(ssize_t, read, (int fd, void *buf, size_t len), SYS_read, fd, buf, len) \
X(ssize_t, readv, (int fd, const struct iovec *iov, int n), SYS_readv, fd, iov, n) \
X(ssize_t, write, (int fd, const void *buf, size_t len), SYS_write, fd, buf, len) \
X(ssize_t, writev, (int fd, const struct iovec *iov, int n), SYS_writev, fd, iov, n) \
X(ssize_t, recv, (int fd, void *buf, size_t len, int flags), \
	SYS_recvfrom, fd, buf, len, flags, NULL, NULL) \
X(ssize_t, recvfrom, (int fd, void *buf, size_t len, int flags, struct sockaddr *a, \
	socklen_t *n), SYS_recvfrom, fd, buf, len, flags, a, n) \
X(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), SYS_recvmsg, fd, m, flags) \
X(int, recvmmsg, (int fd, struct mmsghdr *m, unsigned int n, int flags, \
	struct timespec *t), SYS_recvmmsg, fd, m, n, flags, t) \
X(ssize_t, send, (int fd, const void *buf, size_t len, int flags), \
	SYS_sendto, fd, buf, len, flags, NULL, 0) \
X(ssize_t, sendto, (int fd, const void *buf, size_t len, int flags, \
	const struct sockaddr *a, socklen_t n), SYS_sendto, fd, buf, len, flags, a, n) \
X(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), SYS_sendmsg, fd, m, flags) \
X(int, sendmmsg, (int fd, struct mmsghdr *m, unsigned int n, int flags), \
	SYS_sendmmsg, fd, m, n, flags) \
X(ssize_t, sendfile, (int out, int in, off_t *off, size_t len), \
	SYS_sendfile, out, in, off, len) \
X(ssize_t, splice, (int in, off_t *ioff, int out, off_t *ooff, size_t len, \
	unsigned int flags), SYS_splice, in, ioff, out, ooff, len, flags) \
X(int, poll, (struct pollfd *p, nfds_t n, int ms), SYS_poll, p, n, ms) \
X(int, ppoll, (struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask), \
	SYS_ppoll, p, n, t, mask, SHIM_SIGSET) \
X(int, select, (int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *t), \
	SYS_select, n, r, w, e, t) \
X(int, pselect, (int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *t, \
	const sigset_t *mask), SYS_pselect6, n, r, w, e, t, \
	(&(struct { const sigset_t *m; size_t l; }){ mask, SHIM_SIGSET })) \
X(int, epoll_create, (int size), SYS_epoll_create, size) \
X(int, epoll_create1, (int flags), SYS_epoll_create1, flags) \
X(int, epoll_ctl, (int ep, int op, int fd, struct epoll_event *ev), \
	SYS_epoll_ctl, ep, op, fd, ev) \
X(int, epoll_wait, (int ep, struct epoll_event *ev, int max, int ms), \
	SYS_epoll_wait, ep, ev, max, ms) \
X(int, epoll_pwait, (int ep, struct epoll_event *ev, int max, int ms, const sigset_t *mask), \
	SYS_epoll_pwait, ep, ev, max, ms, mask, SHIM_SIGSET) \
X(int, epoll_pwait2, (int ep, struct epoll_event *ev, int max, const struct timespec *t, \
	const sigset_t *mask), SYS_epoll_pwait2, ep, ev, max, t, mask, SHIM_SIGSET) \
X(int, sigaction, (int sig, const struct sigaction *act, struct sigaction *old), \
	SYS_rt_sigaction, sig, act, old, SHIM_SIGSET) \
X(void, _exit, (int status), SYS_exit_group, status)

#define SHIM_REAL_PTR(type, name, params, ...) type (*name) params;
struct shim_real {
	SHIM_REAL(SHIM_REAL_PTR)
	sighandler_t (*signal)(int sig, sighandler_t h);
	int (*siginterrupt)(int sig, int flag);
};
#undef SHIM_REAL_PTR

extern struct shim_real real;

void shim_real_init(void);

#endif /* LIBETRAN_SHIM_REAL_H */

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libetran: TCP connections over eTran for a program that asks for them.
 *
 * Everything here is non-blocking; who wants to block polls the descriptors of
 * etran_pollfds() and calls etran_service(). All functions may be called from
 * any thread (one lock inside). Errors are negative errno values. A program
 * with unmodified socket calls uses libetran-preload.so instead, which is built
 * on these functions.
 */
#ifndef LIBETRAN_H
#define LIBETRAN_H

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct etran_sock;

/**
 * etran_open - become a tenant of this network namespace's etrand
 * Idempotent; a failure is remembered and returned again without asking, except
 * that "no daemon" is tried again after a second.
 * @reason: on failure enum etran_reason, may be NULL
 * Return: 0 or a negative errno.
 */
int etran_open(uint32_t *reason);

/** etran_reason_name - text of an enum etran_reason, never NULL */
const char *etran_reason_name(uint32_t reason);

/** etran_fallback - tell etrand (and count) that a socket stayed with the kernel */
void etran_fallback(uint32_t reason);

/**
 * etran_connect - start connecting
 * @fd: kernel TCP socket, bound to a local IPv4 address and port; it stays the
 *	caller's and keeps the port
 * @dst: peer
 * @out: the new socket, its events say when it is done
 * @reason: on failure enum etran_reason, may be NULL
 * Return: 0 when the request is on its way, or a negative errno at once (then
 * the caller may use the kernel socket instead). A request that etrand refuses
 * later shows as an error of the socket; etran_sock_reason() then tells
 * whether the kernel should be tried (reason other than ETRAN_R_NONE).
 */
int etran_connect(int fd, const struct sockaddr_in *dst,
		  struct etran_sock **out, uint32_t *reason);

/**
 * etran_listen - accept connections that arrive for fd's address and port
 * @fd: bound kernel TCP socket
 * Waits for etrand's answer.
 */
int etran_listen(int fd, int backlog, struct etran_sock **out, uint32_t *reason);

/** etran_accept - take an established connection; -EAGAIN when there is none */
int etran_accept(struct etran_sock *listener, struct etran_sock **out);

/**
 * etran_send - copy bytes into the stream
 * @flags: 0
 * Return: bytes taken (at least 1), -EAGAIN no room, -ENOTCONN, -EPIPE, or the
 * socket's error (once). Sending is started; see etran_cork().
 */
ssize_t etran_send(struct etran_sock *s, const struct iovec *iov, int iovcnt,
		   int flags);

/**
 * etran_recv - copy bytes out of the stream
 * @flags: MSG_PEEK or 0
 * Return: bytes (0: end of stream), -EAGAIN, -ENOTCONN or the socket's error
 * (once).
 */
ssize_t etran_recv(struct etran_sock *s, const struct iovec *iov, int iovcnt,
		   int flags);

/** etran_events - level-triggered state: EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR */
uint32_t etran_events(struct etran_sock *s);

/**
 * etran_quiet - is there surely no event but EPOLLOUT?
 * Takes no lock: what comes at the same time is for the callback to tell. False
 * says nothing.
 */
bool etran_quiet(const struct etran_sock *s);

/** etran_error - take the pending error (positive errno, 0: none), as SO_ERROR */
int etran_error(struct etran_sock *s);
/** etran_sock_reason - why etrand refused a connect, enum etran_reason */
uint32_t etran_sock_reason(const struct etran_sock *s);
bool etran_connected(const struct etran_sock *s);
/** etran_inq - bytes that can be read now; etran_outq - bytes not acknowledged yet */
size_t etran_inq(const struct etran_sock *s);
size_t etran_outq(const struct etran_sock *s);
void etran_names(const struct etran_sock *s, struct sockaddr_in *self,
		 struct sockaddr_in *peer);

/** etran_shutdown - SHUT_RD, SHUT_WR (sends FIN behind the data), SHUT_RDWR */
int etran_shutdown(struct etran_sock *s, int how);

/**
 * etran_close - forget a socket
 * The library keeps serving the connection until data and FIN are acknowledged
 * or the linger time is over. Unread data makes it a reset, as in Linux.
 * @abort: send RST at once (SO_LINGER with 0 seconds)
 */
void etran_close(struct etran_sock *s, bool abort);

/** etran_set_user - a pointer and a callback on changes of etran_events()
 * The callback runs inside of etran_* calls of any thread with the library's
 * lock held: it may only note the fact. When another thread than the one that
 * calls sleeps in poll() it is for the callback to wake it: what has been
 * received no longer makes the descriptors of etran_pollfds() readable.
 */
void etran_set_user(struct etran_sock *s, void *user,
		    void (*changed)(struct etran_sock *s, void *user));
void *etran_user(const struct etran_sock *s);

/**
 * etran_service - do what is due: receive, reap completions, send again,
 * read etrand's messages. Never blocks. Cheap when nothing is there.
 */
void etran_service(void);

/** etran_kick - make the kernel look at what was sent while corked */
void etran_kick(void);
/** etran_cork - on: etran_send() does not wake the kernel until etran_kick()
 * or etran_service(); returns the former setting */
bool etran_cork(bool on);

/**
 * etran_pollfds - descriptors to wait on, all for POLLIN
 * The set does not change while the tenant lives, except that the first one
 * (etrand's socket) can become -1 and come back. The second one is an eventfd:
 * readable when the library's own thread has changed some socket's events, or
 * the set has changed. The AF_XDP sockets follow.
 * Return: how many (at most ETRAN_MAX_QUEUES + 2); none before etran_open().
 */
int etran_pollfds(struct pollfd *fds, int max);

/** etran_drain - serve closed sockets until all is acknowledged; for exit.
 * Return: number of connections given up after timeout_ms. */
int etran_drain(int timeout_ms);

/** etran_forked - call in a forked child: it shares nothing with the parent;
 * every function then fails with -ENOTCONN and does nothing else */
void etran_forked(void);

#ifdef __cplusplus
}
#endif
#endif /* LIBETRAN_H */

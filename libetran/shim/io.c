// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Reading and writing, with the results Linux gives for a TCP socket.
 *
 * Not like Linux: MSG_OOB is refused (EOPNOTSUPP, EINVAL for receiving, as when
 * there is no urgent data); MSG_ZEROCOPY copies; MSG_MORE and MSG_DONTROUTE
 * change nothing; control messages are ignored.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cork.h"
#include "fd.h"
#include "io.h"
#include "sock.h"

#define MAX_IOV		1024		/* UIO_MAXIOV */
#define SCRATCH		16384

static ssize_t total(const struct iovec *iov, int n)
{
	size_t sum = 0;
	int i;

	if (n < 0 || n > MAX_IOV)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (iov[i].iov_len > SSIZE_MAX - sum)
			return -EINVAL;
		sum += iov[i].iov_len;
	}
	return sum;
}

/*
 * The part of a vector behind @done bytes. Return: entries in @out; a call that
 * went through all of them comes again for the rest.
 */
static int rest(struct iovec *out, int max, const struct iovec *iov, int n, size_t done)
{
	int i, k = 0;

	for (i = 0; i < n && k < max; i++) {
		if (done >= iov[i].iov_len) {
			done -= iov[i].iov_len;
			continue;
		}
		out[k].iov_base = (char *)iov[i].iov_base + done;
		out[k++].iov_len = iov[i].iov_len - done;
		done = 0;
	}
	return k;
}

/* An error in the middle is kept for the next call. */
static ssize_t outcome(struct shim_file *f, ssize_t done, int err)
{
	if (!done)
		return err;
	if (err != -EAGAIN && err != -EINTR && err != -EPIPE)
		f->err = -err;
	return done;
}

static int pending_error(struct shim_file *f)
{
	int err = f->err;

	f->err = 0;
	return -err;
}

/* Nothing can be said before connect() has an outcome. */
static int connecting(struct shim_file *f, bool wait, const struct timespec *timeo)
{
	int r;

	if (f->ss != SHIM_SS_CONNECTING || shim_is_up(f))
		return 0;
	etran_service();
	if (!shim_sock_events(f)) {
		if (!wait)
			return -EAGAIN;
		r = shim_sock_wait(f, EPOLLIN | EPOLLOUT, timeo);
		if (r)
			return r;
	}
	/* just became the kernel's, which is still connecting */
	return f->state == SHIM_KERNEL ? -EAGAIN : 0;
}

static ssize_t recv_once(struct shim_file *f, const struct iovec *iov, int n, bool peek)
{
	ssize_t r = etran_recv(f->s, iov, n, peek ? MSG_PEEK : 0);

	if (r == -EAGAIN) {
		etran_service();
		r = etran_recv(f->s, iov, n, peek ? MSG_PEEK : 0);
	}
	return r;
}

/* recv(fd, NULL, 0, 0) waits for data and takes none. */
static ssize_t recv_nothing(struct shim_file *f, bool wait)
{
	etran_service();
	if (shim_sock_events(f) & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))
		return 0;
	return wait ? shim_sock_wait(f, EPOLLIN | EPOLLRDHUP, &f->rcvtimeo) : -EAGAIN;
}

/**
 * shim_recvv - receive
 * Return: bytes or a negative errno.
 */
ssize_t shim_recvv(struct shim_file *f, const struct iovec *iov, int n, int flags)
{
	bool peek = flags & MSG_PEEK;
	bool wait = !f->nonblock && !(flags & MSG_DONTWAIT);
	size_t want = 1, done = 0;
	ssize_t len = total(iov, n), r;
	struct iovec part[64];

	if (len < 0)
		return len;
	if (f->state == SHIM_INERT)
		return -ECONNRESET;
	if (flags & MSG_OOB)
		return -EINVAL;
	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	r = connecting(f, wait, &f->rcvtimeo);
	if (r)
		return r;
	if (!len)
		return recv_nothing(f, wait);
	if (f->lowat > 1 && wait)
		want = f->lowat < len ? f->lowat : len;
	if (flags & MSG_WAITALL)
		want = len;
	if (f->err)
		return pending_error(f);
	for (;;) {
		if (peek && want > 1 && wait && etran_inq(f->s) < want &&
		    !(etran_events(f->s) & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
			r = -EAGAIN;
		else
			r = done ? recv_once(f, part, rest(part, 64, iov, n, done), peek) :
				   recv_once(f, iov, n, peek);
		if (r > 0)
			done += r;
		if (r == 0 || (r < 0 && r != -EAGAIN) || (peek && r > 0) ||
		    done >= want)
			break;
		if (r > 0)
			continue;
		if (!wait)
			break;
		r = shim_sock_wait(f, EPOLLIN | EPOLLRDHUP, &f->rcvtimeo);
		if (r)
			break;
	}
	if (!peek)
		shim_got(done);
	return r < 0 ? outcome(f, done, r) : (ssize_t)done;
}

/* MSG_TRUNC: take the bytes off the stream, copy none. */
static ssize_t recv_trunc(struct shim_file *f, size_t len, int flags)
{
	char scratch[SCRATCH];
	struct iovec iov = { .iov_base = scratch };
	ssize_t r, done = 0;

	while (len) {
		iov.iov_len = len < sizeof(scratch) ? len : sizeof(scratch);
		r = shim_recvv(f, &iov, 1, (flags & ~MSG_TRUNC) | (done ? MSG_DONTWAIT : 0));
		if (r <= 0)
			return done ? done : r;
		done += r;
		len -= r;
		if (flags & MSG_PEEK)
			break;
	}
	return done;
}

/* Send what lies behind @done bytes of a vector. */
static ssize_t send_once(struct shim_file *f, const struct iovec *iov, int n, size_t done)
{
	struct iovec part[64];

	if (!done)
		return etran_send(f->s, iov, n, 0);
	return etran_send(f->s, part, rest(part, 64, iov, n, done), 0);
}

/**
 * shim_sendv - send
 * Return: bytes or a negative errno. SIGPIPE goes to the calling thread.
 */
ssize_t shim_sendv(struct shim_file *f, const struct iovec *iov, int n, int flags)
{
	bool wait = !f->nonblock && !(flags & MSG_DONTWAIT);
	ssize_t len = total(iov, n), done = 0, r;

	if (len < 0)
		return len;
	if (f->state == SHIM_INERT)
		return -ECONNRESET;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	r = connecting(f, wait, &f->sndtimeo);
	if (r)
		return r;
	if (f->err)
		return pending_error(f);
	if (!len && !(etran_events(f->s) & (EPOLLHUP | EPOLLERR)))
		return etran_connected(f->s) ? 0 : -EPIPE;
	do {
		r = send_once(f, iov, n, done);
		if (r == -EAGAIN) {
			etran_service();
			r = send_once(f, iov, n, done);
		}
		if (r > 0)
			done += r;
		else if (r == -EAGAIN && wait)
			r = shim_sock_wait(f, EPOLLOUT, &f->sndtimeo);
	} while (r >= 0 && done < len);
	if (done)
		shim_sent();
	if (r == -ENOTCONN)
		r = -EPIPE;	/* as Linux, once it is over */
	if (r == -EPIPE && !done && !(flags & MSG_NOSIGNAL))
		raise(SIGPIPE);
	return r < 0 ? outcome(f, done, r) : done;
}

/* Give back the reference and make an errno of a negative result. */
ssize_t shim_ret(struct shim_file *f, ssize_t r)
{
	shim_put(f);
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

/* read() and readv() of nothing return at once, recv() does not. */
ssize_t shim_read(struct shim_file *f, const struct iovec *iov, int n)
{
	ssize_t len = total(iov, n);

	return len <= 0 ? len : shim_recvv(f, iov, n, 0);
}

ssize_t shim_recv(struct shim_file *f, void *buf, size_t len, int flags)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len };

	if (flags & MSG_TRUNC)
		return recv_trunc(f, len, flags);
	return shim_recvv(f, &iov, 1, flags);
}

ssize_t shim_recvfrom(struct shim_file *f, void *buf, size_t len, int flags,
		      struct sockaddr *a, socklen_t *n)
{
	ssize_t r = shim_recv(f, buf, len, flags);

	if (r >= 0 && a && n)
		*n = 0;		/* TCP names nobody */
	return r;
}

ssize_t shim_recvmsg(struct shim_file *f, struct msghdr *m, int flags)
{
	ssize_t r;

	if (m->msg_iovlen > MAX_IOV)
		return -EMSGSIZE;
	if (flags & MSG_TRUNC) {
		r = total(m->msg_iov, m->msg_iovlen);
		if (r >= 0)
			r = recv_trunc(f, r, flags);
	} else {
		r = shim_recvv(f, m->msg_iov, m->msg_iovlen, flags);
	}
	if (r < 0)
		return r;
	m->msg_namelen = 0;
	m->msg_controllen = 0;
	m->msg_flags = flags & MSG_CMSG_CLOEXEC;
	return r;
}

/* Stops at the first message that would block, as a stream gives no more. */
int shim_recvmmsg(struct shim_file *f, struct mmsghdr *m, unsigned int n, int flags,
		  struct timespec *t)
{
	unsigned int i;
	ssize_t r = 0;

	(void)t;	/* looked at between messages only, and those do not block */
	for (i = 0; i < n; i++) {
		r = shim_recvmsg(f, &m[i].msg_hdr, flags & ~MSG_WAITFORONE);
		if (r < 0)
			break;
		m[i].msg_len = r;
		if (!r)
			return i + 1;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
	}
	return i ? (int)i : r;
}

ssize_t shim_send(struct shim_file *f, const void *buf, size_t len, int flags)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };

	return shim_sendv(f, &iov, 1, flags);
}

ssize_t shim_sendmsg(struct shim_file *f, const struct msghdr *m, int flags)
{
	if (m->msg_iovlen > MAX_IOV)
		return -EMSGSIZE;
	return shim_sendv(f, m->msg_iov, m->msg_iovlen, flags);
}

int shim_sendmmsg(struct shim_file *f, struct mmsghdr *m, unsigned int n, int flags)
{
	unsigned int i;
	ssize_t r = 0;

	for (i = 0; i < n; i++) {
		r = shim_sendmsg(f, &m[i].msg_hdr, flags);
		if (r < 0)
			break;
		m[i].msg_len = r;
	}
	return i ? (int)i : r;
}

/**
 * shim_sendfile - sendfile() to an eTran socket: read and send
 * A file is read at the offset that was really sent, so that a short send
 * loses nothing.
 */
ssize_t shim_sendfile(struct shim_file *f, int in, off_t *off, size_t len)
{
	off_t pos = off ? *off : lseek(in, 0, SEEK_CUR);
	ssize_t r = 0, done = 0;
	char buf[SCRATCH];

	if (pos < 0)
		return off ? -EINVAL : -errno;
	while (len) {
		r = pread(in, buf, len < sizeof(buf) ? len : sizeof(buf), pos);
		if (r <= 0) {
			r = r < 0 ? -errno : 0;
			break;
		}
		r = shim_send(f, buf, r, 0);
		if (r < 0)
			break;
		pos += r;
		done += r;
		len -= r;
	}
	if (off)
		*off = pos;
	else if (done)
		lseek(in, pos, SEEK_SET);
	return r < 0 ? outcome(f, done, r) : done;
}

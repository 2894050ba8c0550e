// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The socket to etrand: messages out, answers and events in.
 *
 * Nothing waits for etrand except etran_open() and etran_listen(). A message
 * that finds no room is kept and sent later, in order; messages about
 * connections also survive a restart of etrand, which knows the connections
 * from the pinned maps.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl.h"
#include "service.h"
#include "shape.h"
#include "tenant.h"

/* A message that etrand's socket had no room for. */
struct et_ctl_out {
	struct et_ctl_out *next;
	struct etran_ctl_msg msg;
	int fd;
};

/* Connect to etrand. Return: a descriptor or a negative errno. No lock needed. */
int et_ctl_dial(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = 2 };
	int fd, err;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	memcpy(sun.sun_path + 1, ETRAN_CTL_NAME, strlen(ETRAN_CTL_NAME));
	if (connect(fd, (struct sockaddr *)&sun,
		    offsetof(struct sockaddr_un, sun_path) + 1 + strlen(ETRAN_CTL_NAME))) {
		err = -errno;
		close(fd);
		return err;
	}
	return et_fd_high(fd);
}

uint32_t et_ctl_id(void)
{
	if (!++et_tn.next_id)
		et_tn.next_id = 1;
	return et_tn.next_id;
}

static int send_msg(int ctl, const struct etran_ctl_msg *m, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} u = { 0 };
	struct iovec iov = { (void *)m, sizeof(*m) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd >= 0) {
		mh.msg_control = u.buf;
		mh.msg_controllen = sizeof(u.buf);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	if (sendmsg(ctl, &mh, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

static int keep_msg(const struct etran_ctl_msg *m, int fd)
{
	struct et_ctl_out *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->msg = *m;
	o->fd = -1;
	if (fd >= 0) {
		o->fd = et_fd_high(dup(fd));
		if (o->fd < 0) {
			free(o);
			return -EMFILE;
		}
	}
	*et_tn.out_tail = o;
	et_tn.out_tail = &o->next;
	return 0;
}

static bool about_conn(uint32_t type)
{
	return type == ETRAN_CTL_RELEASE || type == ETRAN_CTL_ABORT;
}

/**
 * et_ctl_send - send, now or when there is room
 * @fd: travels along, stays the caller's; -1 for none
 * Return: 0, or a negative errno: without etrand only RELEASE and ABORT wait.
 */
int et_ctl_send(struct etran_ctl_msg *m, int fd)
{
	int err = -EAGAIN;

	if (et_tn.ctl < 0)
		return about_conn(m->type) ? keep_msg(m, fd) : -ENOTCONN;
	if (!et_tn.out)
		err = send_msg(et_tn.ctl, m, fd);
	if (err == -EAGAIN || err == -ENOBUFS) {
		et_thread_wake();
		return keep_msg(m, fd);
	}
	if (err)
		et_ctl_lost();
	return err && about_conn(m->type) ? keep_msg(m, fd) : err;
}

/* Forget what only the old etrand could have answered. */
static void drop_out(void)
{
	struct et_ctl_out **at = &et_tn.out, *o;

	while ((o = *at)) {
		if (about_conn(o->msg.type)) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		if (o->fd >= 0)
			close(o->fd);
		free(o);
	}
	et_tn.out_tail = at;
}

/* Send what was kept. */
void et_ctl_flush(void)
{
	struct et_ctl_out *o;
	int err;

	while (et_tn.ctl >= 0 && (o = et_tn.out)) {
		err = send_msg(et_tn.ctl, &o->msg, o->fd);
		if (err == -EAGAIN || err == -ENOBUFS)
			return;
		if (err) {
			et_ctl_lost();
			return;
		}
		et_tn.out = o->next;
		if (!et_tn.out)
			et_tn.out_tail = &et_tn.out;
		if (o->fd >= 0)
			close(o->fd);
		free(o);
	}
}

/**
 * et_ctl_recv - receive one message. No lock needed.
 * @fds: room for *@nr_fds descriptors, NULL: close what comes
 * @wait_ms: 0 does not wait
 * Return: 0, -EAGAIN, -EPROTO (message is not for us) or an errno: broken.
 */
int et_ctl_recv(int fd, struct etran_ctl_msg *m, int *fds, int *nr_fds, int wait_ms)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE((ETRAN_MAX_QUEUES + 2) * sizeof(int))];
	} u;
	struct iovec iov = { m, sizeof(*m) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
			     .msg_control = u.buf, .msg_controllen = sizeof(u.buf) };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct cmsghdr *c;
	int got[ETRAN_MAX_QUEUES + 2], n = 0, k;
	ssize_t len;

	if (wait_ms && poll(&p, 1, wait_ms) == 0)
		return -ETIMEDOUT;
	len = recvmsg(fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (len < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (len == 0)
		return -ECONNRESET;
	for (c = CMSG_FIRSTHDR(&mh); c; c = CMSG_NXTHDR(&mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (k > ETRAN_MAX_QUEUES + 2 - n)
			k = ETRAN_MAX_QUEUES + 2 - n;
		memcpy(got + n, CMSG_DATA(c), k * sizeof(int));
		n += k;
	}
	if (len != sizeof(*m) || (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		et_close_fds(got, n);
		return -EPROTO;
	}
	if (!fds || n > *nr_fds) {
		et_close_fds(got, n);
		n = 0;
	} else {
		memcpy(fds, got, n * sizeof(int));
	}
	if (nr_fds)
		*nr_fds = n;
	return 0;
}

static void dispatch(const struct etran_ctl_msg *m)
{
	if (m->id && m->id == et_tn.sync_id) {
		et_tn.sync = *m;
		et_tn.sync_done = true;
		return;
	}
	et_shape.message(m);
}

/**
 * et_ctl_read - handle what etrand has sent
 * Return: whether there was anything.
 */
bool et_ctl_read(void)
{
	struct etran_ctl_msg m;
	bool any = false;
	int err;

	while (et_tn.ctl >= 0) {
		err = et_ctl_recv(et_tn.ctl, &m, NULL, NULL, 0);
		if (err == -EAGAIN)
			break;
		any = true;
		if (err == -EPROTO)
			continue;
		if (err) {
			et_ctl_lost();
			break;
		}
		dispatch(&m);
	}
	return any;
}

/**
 * et_ctl_ask - send a request and wait for its answer, which is put into @m
 * Other messages are handled meanwhile.
 * Return: 0 or a negative errno; an answer ERROR is for the caller to see.
 */
int et_ctl_ask(struct etran_ctl_msg *m, int fd)
{
	uint64_t end = et_now() + ET_ANSWER_MS * 1000000ull;
	struct pollfd p = { .events = POLLIN };
	int err;

	err = et_ctl_send(m, fd);
	if (err)
		return err;
	et_tn.sync_id = m->id;
	et_tn.sync_done = false;
	while (!et_tn.sync_done && et_tn.ctl >= 0 && et_now() < end) {
		p.fd = et_tn.ctl;
		poll(&p, 1, 100);
		et_ctl_flush();
		et_ctl_read();
	}
	et_tn.sync_id = 0;
	if (!et_tn.sync_done)
		return et_tn.ctl < 0 ? -ECONNRESET : -ETIMEDOUT;
	*m = et_tn.sync;
	return 0;
}

/*
 * etrand is gone. Established connections go on. This can be found out anywhere,
 * also in the middle of a walk over all sockets: et_ctl_settle() does the rest.
 */
void et_ctl_lost(void)
{
	if (et_tn.ctl < 0)
		return;
	close(et_tn.ctl);
	et_tn.ctl = -1;
	et_tn.lost = true;
	et_debug("etrand is gone");
	et_wake_app();
	et_thread_wake();
}

/* What follows from it. */
void et_ctl_settle(void)
{
	et_tn.lost = false;
	drop_out();
	et_shape.lost();
}

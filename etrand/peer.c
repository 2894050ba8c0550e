// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process at the tenant socket: what it is told.
 *
 * Nothing here ends a peer: ctl.c's event handler alone does. Everybody else
 * shuts the socket down and the handler hears of it. So no caller of
 * peer_send() finds its tenant gone afterwards.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "log.h"
#include "peer.h"

#define MAX_OUT		(4 * ETRAN_TENANT_CONNS)

uint64_t peer_fallbacks[ETRAN_R_MAX];

/** peer_drop - end a peer; it is still there when this returns */
void peer_drop(struct peer *p)
{
	shutdown(p->watch.fd, SHUT_RDWR);
}

/** peer_hung_up - did the peer close its end? What it asked may be unread here. */
bool peer_hung_up(const struct peer *p)
{
	struct pollfd pfd = { .fd = p->watch.fd };

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & POLLHUP);
}

/* Return: false when the socket is full */
static bool send_one(struct peer *p, const struct etran_ctl_msg *m)
{
	if (send(p->watch.fd, m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	if (errno == EAGAIN || errno == ENOBUFS)
		return false;
	/* Dead: its handler will see the end of file. */
	return true;
}

/** peer_flush - the socket takes messages again */
void peer_flush(struct peer *p)
{
	const struct etran_ctl_msg *m;

	while ((m = msgq_first(&p->out)) && send_one(p, m))
		msgq_pop(&p->out);
	if (!m)
		watch_set(&p->watch, EPOLLIN);
}

/** peer_send - send a message, now or when the peer reads again */
void peer_send(struct peer *p, const struct etran_ctl_msg *m)
{
	if (!p->out.count && send_one(p, m))
		return;
	if (!p->out.count)
		watch_set(&p->watch, EPOLLIN | EPOLLOUT);
	if (msgq_push(&p->out, m, MAX_OUT)) {
		log_info("pid %d (%s) does not read its messages, ending it",
			 p->cred.pid, p->comm);
		peer_drop(p);
	}
}

/**
 * peer_send_fds - send a message with descriptors
 * Only for a peer's first answer, when its socket has room; otherwise it is
 * ended.
 */
void peer_send_fds(struct peer *p, const struct etran_ctl_msg *m, const int *fds,
		   int nr_fds)
{
	char control[CMSG_SPACE(sizeof(int) * (ETRAN_MAX_QUEUES + 2))] = { 0 };
	struct iovec iov = { .iov_base = (void *)m, .iov_len = sizeof(*m) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(sizeof(int) * nr_fds),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * nr_fds);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * nr_fds);
	if (p->out.count ||
	    sendmsg(p->watch.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		peer_drop(p);
}

/** peer_error - answer a request with a refusal */
void peer_error(struct peer *p, uint32_t id, int err, uint32_t reason)
{
	struct etran_ctl_msg m = {
		.type = ETRAN_CTL_ERROR,
		.id = id,
		.u.error = { .err = err < 0 ? -err : err, .reason = reason },
	};

	if (reason > ETRAN_R_NONE && reason < ETRAN_R_MAX)
		peer_fallbacks[reason]++;
	peer_send(p, &m);
}

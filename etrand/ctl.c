// SPDX-License-Identifier: GPL-2.0-only
/*
 * The socket that tenants talk to: who may come, what is asked, who is gone.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl.h"
#include "log.h"
#include "peer.h"
#include "record.h"
#include "tenant.h"
#include "transport.h"

#define MAX_PEERS	512
#define MAX_PEERS_UID	128
#define MAX_FDS		2

static struct peer *peers;
static unsigned int nr_peers;
static struct watch server = { .fd = -1 };

/** ctl_peers - head of the list of all peers */
struct peer *ctl_peers(void)
{
	return peers;
}

static void free_peer(struct peer *p)
{
	struct peer **at;

	for (at = &peers; *at != p; at = &(*at)->next)
		;
	*at = p->next;
	nr_peers--;
	watch_del(&p->watch);
	msgq_free(&p->out);
	if (p->tenant) {
		p->tenant->peer = NULL;
		tenant_end(p->tenant);
	}
	free(p);
}

static void count_fallback(struct peer *p, const struct etran_ctl_fallback *f)
{
	/* A count is the application's word; it may only spoil its own row. */
	p->fallback[f->reason] += f->count;
	peer_fallbacks[f->reason] += f->count;
}

static void dispatch(struct peer *p, const struct etran_ctl_msg *m, int fd)
{
	switch (m->type) {
	case ETRAN_CTL_HELLO:
		tenant_hello(p, m);
		break;
	case ETRAN_CTL_FALLBACK:
		count_fallback(p, &m->u.fallback);
		break;
	default:
		transport.ops->message(p->tenant, m, fd);
	}
}

/* Return: descriptors received, or -1 when there were too many */
static int take_fds(struct msghdr *msg, int fds[MAX_FDS])
{
	struct cmsghdr *c;
	int n = 0, k, i;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < k && n < MAX_FDS; i++)
			memcpy(&fds[n++], CMSG_DATA(c) + i * sizeof(int),
			       sizeof(int));
	}
	return n;
}

static void receive(struct peer *p)
{
	char control[CMSG_SPACE(sizeof(int) * MAX_FDS)];
	struct etran_ctl_msg m = { 0 };
	struct iovec iov = { .iov_base = &m, .iov_len = sizeof(m) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fds[MAX_FDS], nr_fds, err;
	ssize_t n;

	/* MSG_TRUNC: the true length, so that a longer message is seen. */
	n = recvmsg(p->watch.fd, &msg,
		    MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		free_peer(p);
		return;
	}
	nr_fds = take_fds(&msg, fds);
	err = ctlmsg_check(&m, n, msg.msg_flags & MSG_CTRUNC ? -1 : nr_fds,
			   p->tenant && p->tenant->state == TENANT_READY);
	/* A second HELLO while the first one is still being served. */
	if (!err && m.type == ETRAN_CTL_HELLO && p->tenant)
		err = -EINVAL;
	if (err)
		peer_error(p, m.id, err, ETRAN_R_NONE);
	else
		dispatch(p, &m, fds[0]);
	while (nr_fds > 0)
		close(fds[--nr_fds]);
}

static void peer_event(struct watch *w, uint32_t events)
{
	struct peer *p = container_of(w, struct peer, watch);

	if (events & EPOLLOUT)
		peer_flush(p);
	if (events & ~EPOLLOUT)
		receive(p);
}

static void read_comm(struct peer *p)
{
	char path[32];
	size_t n = 0, i;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", p->cred.pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(p->comm, 1, sizeof(p->comm) - 1, f);
		fclose(f);
	}
	p->comm[n] = '\0';
	/* It goes to terminals. */
	for (i = 0; i < n; i++)
		if (p->comm[i] < ' ' || p->comm[i] > '~')
			p->comm[i] = p->comm[i] == '\n' ? '\0' : '?';
}

static unsigned int peers_of(uid_t uid)
{
	unsigned int n = 0;
	struct peer *p;

	for (p = peers; p; p = p->next)
		n += p->cred.uid == uid;
	return n;
}

static void accept_peer(struct watch *w, uint32_t events)
{
	socklen_t len = sizeof(struct ucred);
	struct peer *p;
	int fd;

	(void)events;
	fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	p = calloc(1, sizeof(*p));
	if (!p || nr_peers >= MAX_PEERS ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &p->cred, &len) ||
	    (p->cred.uid && peers_of(p->cred.uid) >= MAX_PEERS_UID))
		goto refuse;
	p->start = record_start_time(p->cred.pid);
	if (!p->start)
		goto refuse;
	read_comm(p);
	p->watch.fd = fd;
	p->watch.fn = peer_event;
	if (watch_add(&p->watch, EPOLLIN))
		goto refuse;
	p->next = peers;
	peers = p;
	nr_peers++;
	return;
refuse:
	close(fd);
	free(p);
}

/** ctl_init - say so when another etrand is there */
int ctl_init(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len;
	int err;

	server.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
			   0);
	if (server.fd < 0)
		return -errno;
	memcpy(sun.sun_path + 1, ETRAN_CTL_NAME, strlen(ETRAN_CTL_NAME));
	len = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(ETRAN_CTL_NAME);
	if (bind(server.fd, (struct sockaddr *)&sun, len)) {
		err = -errno;
		if (err == -EADDRINUSE)
			log_err("another etrand serves this network namespace");
		else
			log_err("tenant socket: %s", strerror(-err));
		return err;
	}
	server.fn = accept_peer;
	return 0;
}

/** ctl_serve - take tenants from now on */
int ctl_serve(void)
{
	if (listen(server.fd, 128))
		return -errno;
	return watch_add(&server, EPOLLIN);
}

/** ctl_close - end all tenants */
void ctl_close(void)
{
	watch_del(&server);
	while (peers)
		free_peer(peers);
}

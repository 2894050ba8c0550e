// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listeners: which ports go to which tenant.
 *
 * The right to a port comes from the kernel socket that the application bound
 * and passed: what the kernel let it bind, it may have here. We keep a copy, so
 * that nobody else is given the port while connections of it live.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etrand/peer.h"
#include "etrand/route.h"
#include "etrand/self.h"
#include "etrand/tenant.h"
#include "etrand/transport.h"
#include "listener.h"
#include "tcpsys.h"

#define MAX_BACKLOG		1024
#define MAX_TENANT_LISTENERS	64

static uint32_t next_id = 1;
static struct listener *listeners[ETRAN_MAX_TENANTS];

/* A user may be root in a namespace of his own and bind any port there. */
static bool same_netns(int fd)
{
	static uint64_t own;
	socklen_t len = sizeof(uint64_t);
	uint64_t its;

	if (!own && self_netns(&own))
		return false;
	return !getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &its, &len) &&
	       its == own;
}

static int get_int(int fd, int opt)
{
	socklen_t len = sizeof(int);
	int v = -1;

	return getsockopt(fd, SOL_SOCKET, opt, &v, &len) ? -1 : v;
}

/**
 * listener_check_fd - is this a bound IPv4 TCP socket of this namespace?
 * @sin: what it is bound to
 * @listening: it may listen in the kernel as well
 * Return: 0 or -EINVAL
 */
int listener_check_fd(int fd, struct sockaddr_in *sin, bool listening)
{
	socklen_t len = sizeof(struct tcp_info);
	struct tcp_info info = { 0 };
	struct stat st;

	if (fstat(fd, &st) || !S_ISSOCK(st.st_mode) ||
	    get_int(fd, SO_DOMAIN) != AF_INET ||
	    get_int(fd, SO_TYPE) != SOCK_STREAM ||
	    get_int(fd, SO_PROTOCOL) != IPPROTO_TCP || !same_netns(fd))
		return -EINVAL;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) ||
	    (info.tcpi_state != TCP_CLOSE &&
	     !(listening && info.tcpi_state == TCP_LISTEN)))
		return -EINVAL;
	len = sizeof(*sin);
	if (getsockname(fd, (struct sockaddr *)sin, &len) ||
	    sin->sin_family != AF_INET || !sin->sin_port)
		return -EINVAL;
	return 0;
}

/** listener_find - a tenant's listener by number, NULL when there is none */
struct listener *listener_find(struct tenant *t, uint32_t id)
{
	struct listener *l;

	for (l = listeners[t->id]; l; l = l->next)
		if (l->id == id && !l->closed)
			return l;
	return NULL;
}

/** listener_get - another connection needs the port */
void listener_get(struct listener *l)
{
	l->refs++;
}

/** listener_put - one connection less */
void listener_put(struct listener *l)
{
	struct listener **at;

	if (--l->refs || !l->closed)
		return;
	for (at = &listeners[l->tenant->id]; *at != l; at = &(*at)->next)
		;
	*at = l->next;
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

static void close_listener(struct listener *l)
{
	if (l->closed)
		return;
	l->closed = true;
	if (transport.live)
		bpf_map_delete_elem(transport.map[MAP_LISTENERS], &l->key);
	/* Our copy must not make the kernel accept on it; the port stays. */
	if (l->fd >= 0)
		shutdown(l->fd, SHUT_RDWR);
	l->refs++;
	listener_put(l);
}

/** listener_end_all - its tenant is gone */
void listener_end_all(struct tenant *t)
{
	struct listener *l, *next;

	for (l = listeners[t->id]; l; l = next) {
		next = l->next;
		close_listener(l);
	}
}

static struct listener *add(struct tenant *t, const struct tcp_listen_key *key,
			    uint32_t id)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->id = id;
	l->key = *key;
	l->tenant = t;
	l->fd = -1;
	l->next = listeners[t->id];
	listeners[t->id] = l;
	return l;
}

/* The one that a former etrand left in the map, or a new one. */
static int find_or_add(struct tenant *t, const struct tcp_listen_key *key,
		       struct listener **out)
{
	struct tcp_listener value = { .tenant = t->id };
	unsigned int n = 0;
	struct listener *l;
	int err;

	for (l = listeners[t->id]; l; l = l->next) {
		n += !l->closed;
		if (l->closed || memcmp(&l->key, key, sizeof(*key)))
			continue;
		*out = l;
		return l->fd >= 0 ? -EADDRINUSE : 0;
	}
	if (n >= MAX_TENANT_LISTENERS)
		return -EMFILE;
	l = add(t, key, next_id);
	if (!l)
		return -ENOMEM;
	value.listener = l->id;
	if (bpf_map_update_elem(transport.map[MAP_LISTENERS], key, &value,
				BPF_NOEXIST)) {
		err = errno == EEXIST ? -EADDRINUSE : -errno;
		listeners[t->id] = l->next;
		free(l);
		return err;
	}
	if (!++next_id)
		next_id = 1;
	*out = l;
	return 0;
}

/** listener_open - answer LISTEN */
void listener_open(struct tenant *t, const struct etran_ctl_msg *m, int fd)
{
	struct etran_ctl_msg ok = { .type = ETRAN_CTL_OK, .id = m->id };
	struct tcp_listen_key key = { 0 };
	struct listener *l = NULL;
	struct sockaddr_in sin;
	int err;

	err = listener_check_fd(fd, &sin, true);
	if (err) {
		peer_error(t->peer, m->id, err, ETRAN_R_NONE);
		return;
	}
	key.addr = sin.sin_addr.s_addr;
	key.port = sin.sin_port;
	if (key.addr && !addr_exists(t->nic->ifindex, key.addr)) {
		peer_error(t->peer, m->id, EADDRNOTAVAIL,
			   (ntohl(key.addr) >> 24) == 127 ? ETRAN_R_LOCAL :
			   ETRAN_R_NO_ROUTE);
		return;
	}
	err = find_or_add(t, &key, &l);
	if (err) {
		peer_error(t->peer, m->id, err, err == -EADDRINUSE ?
			   ETRAN_R_UNSUPPORTED : ETRAN_R_NO_CONN);
		return;
	}
	l->backlog = m->u.listen.backlog;
	if (!l->backlog)
		l->backlog = 1;
	if (l->backlog > MAX_BACKLOG)
		l->backlog = MAX_BACKLOG;
	l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (l->fd < 0) {
		close_listener(l);
		peer_error(t->peer, m->id, EMFILE, ETRAN_R_NO_CONN);
		return;
	}
	ok.u.listen.listener = l->id;
	ok.u.listen.backlog = l->backlog;
	peer_send(t->peer, &ok);
}

/** listener_unlisten - answer UNLISTEN */
void listener_unlisten(struct tenant *t, const struct etran_ctl_msg *m)
{
	struct etran_ctl_msg ok = { .type = ETRAN_CTL_OK, .id = m->id };
	struct listener *l = listener_find(t, m->u.listen.listener);

	if (!l) {
		peer_error(t->peer, m->id, ENOENT, ETRAN_R_NONE);
		return;
	}
	ok.u.listen.listener = l->id;
	close_listener(l);
	peer_send(t->peer, &ok);
}

/**
 * listener_adopt_all - take over the map of a former etrand
 * An entry keeps its port from the kernel until its tenant passes the socket
 * again; handshakes wait that long.
 */
void listener_adopt_all(void)
{
	struct tcp_listen_key key, next;
	struct tcp_listener value;
	struct tenant *t;
	bool more;

	more = !bpf_map_get_next_key(transport.map[MAP_LISTENERS], NULL, &next);
	while (more) {
		key = next;
		/* Before the entry may go, or the walk would start again. */
		more = !bpf_map_get_next_key(transport.map[MAP_LISTENERS], &key, &next);
		if (bpf_map_lookup_elem(transport.map[MAP_LISTENERS], &key, &value))
			continue;
		if (value.listener >= next_id)
			next_id = value.listener + 1;
		t = tenant_get(value.tenant);
		if (t)
			add(t, &key, value.listener);
		else
			bpf_map_delete_elem(transport.map[MAP_LISTENERS], &key);
	}
}

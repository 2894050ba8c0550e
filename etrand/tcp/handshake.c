// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening connections, both ways.
 *
 * Passive: SYN comes by the ring buffer, SYN-ACK leaves by AF_PACKET, and the
 * transport itself notices the ACK. Active: the next hop is resolved, SYN
 * leaves, the transport hands the SYN-ACK up for its options to be read and
 * sends the ACK. Retransmission of both is here, after 1, 2, 4... seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

#include "conn.h"
#include "etrand/log.h"
#include "etrand/nic.h"
#include "etrand/peer.h"
#include "etrand/route.h"
#include "etrand/tenant.h"
#include "handshake.h"
#include "isn.h"
#include "listener.h"
#include "segment.h"
#include "tcpsys.h"

#define SYN_TRIES	6
#define SYNACK_TRIES	5
#define RESOLVE_TRIES	3
#define MAX_TENANT_SYN	512
#define ROOM_SEARCH	256	/* connections looked at to make room for a SYN */
#define IP_TCP_HDR	40
#define TS_OPT_LEN	12
#define MIN_MSS		88	/* of a peer; less would be all headers */

/* Clock of our time stamps, the same as the transport's. */
static uint32_t ts_now(void)
{
	return loop_now() / NSEC_PER_MSEC;
}

static uint16_t own_mss(const struct conn *c)
{
	return c->nic->mtu - IP_TCP_HDR;
}

/* Payload of a segment: every one of ours carries time stamps or padding. */
static uint32_t agreed_mss(const struct conn *c, uint16_t peer)
{
	uint32_t mss = peer ? peer : SEG_DEFAULT_MSS;

	if (mss < MIN_MSS)
		mss = MIN_MSS;
	if (mss > own_mss(c))
		mss = own_mss(c);
	return mss - TS_OPT_LEN;
}

static void read_opts(struct conn *c, const struct seg *s)
{
	c->irs = s->seq;
	c->wnd = s->wnd;
	c->mss = agreed_mss(c, s->opts.mss);
	c->flags = (s->opts.has_ts ? TCP_F_TS : 0) |
		   (s->opts.has_ws ? TCP_F_WS : 0);
	c->ts_recent = s->opts.tsval;
	c->snd_wscale = s->opts.wscale;
}

static void send_syn(struct conn *c, bool synack)
{
	struct seg s = {
		.tuple = c->tuple,
		.seq = c->iss,
		.flags = SEG_SYN,
		.wnd = TCP_RCVBUF > 65535 ? 65535 : TCP_RCVBUF,
		.opts = {
			.mss = own_mss(c),
			.has_ws = true,
			.has_ts = true,
			.wscale = c->rcv_wscale,
			.tsval = ts_now(),
		},
	};
	uint8_t frame[SEG_MAX_HDR];
	int len;

	if (synack) {
		s.flags |= SEG_ACK;
		s.ack = c->irs + 1;
		s.opts.has_ws = c->flags & TCP_F_WS;
		s.opts.has_ts = c->flags & TCP_F_TS;
		s.opts.tsecr = c->ts_recent;
	}
	memcpy(s.dmac, c->eth, 6);
	memcpy(s.smac, c->eth + 6, 6);
	len = seg_build(&s, frame, sizeof(frame));
	if (len > 0)
		nic_send(c->nic, frame, len);
	timer_arm(&c->timer, NSEC_PER_SEC << c->tries++);
}

static struct tcp_tuple reversed(const struct tcp_tuple *t)
{
	struct tcp_tuple r = {
		.saddr = t->daddr,
		.daddr = t->saddr,
		.sport = t->dport,
		.dport = t->sport,
	};

	return r;
}

static bool unicast(__be32 addr)
{
	uint32_t a = ntohl(addr);

	return a >> 24 && a >> 24 != 127 && a >> 28 < 0xe;
}

/* Return: true when the SYN was dealt with, or must not be answered */
static bool known_syn(struct conn *c, const struct seg *s)
{
	struct tcp_conn state;

	if (c->state == ETRAN_CS_SYN_RCVD && s->seq == c->irs) {
		/* Its SYN-ACK got lost; does not speed up our own retries. */
		c->tries -= c->tries > 0;
		send_syn(c, true);
		return true;
	}
	/* Ingress has let the new one replace what was in TIME_WAIT. */
	if (!tcpsys_conn(c->idx, &state) && state.gen == c->gen &&
	    state.state == ETRAN_CS_CLOSED) {
		conn_end(c, 0, false);
		return false;
	}
	return true;
}

/*
 * A full backlog keeps strangers out only as long as its handshakes go on: one
 * whose SYN-ACK nobody answered for a second makes room, so that forged SYNs
 * cannot lock a listener up until the last of their time-outs. The search goes
 * round and looks at a bounded number of connections for each SYN.
 */
static bool make_room(const struct listener *l)
{
	static uint32_t at;
	int i;

	for (i = 0; i < ROOM_SEARCH; i++) {
		struct conn *c = conn_at(at++ % ETRAN_MAX_CONNS);

		if (c && c->listener == l && c->state == ETRAN_CS_SYN_RCVD &&
		    c->tries > 1) {
			conn_end(c, 0, false);
			return true;
		}
	}
	return false;
}

/** handshake_syn - TCP_EV_SYN: a SYN for a listener */
void handshake_syn(const struct tcp_event *ev)
{
	struct tenant *t = tenant_get(ev->tenant);
	struct nic *nic = nic_find(ev->ifindex);
	struct tcp_tuple tuple;
	struct listener *l;
	struct conn *c;
	struct seg s;

	if (seg_parse(ev->bytes, ev->len < sizeof(ev->bytes) ? ev->len :
		      sizeof(ev->bytes), ev->len, &s) ||
	    (s.flags & (SEG_SYN | SEG_ACK | SEG_RST | SEG_FIN)) != SEG_SYN)
		return;
	tuple = reversed(&s.tuple);
	c = conn_find(&tuple);
	if (c && known_syn(c, &s))
		return;
	if (!t || !nic || t->nic != nic || !unicast(s.tuple.saddr) ||
	    !s.tuple.sport)
		return;
	l = listener_find(t, ev->listener);
	if (!l || l->fd < 0 || l->key.port != tuple.sport ||
	    (l->key.addr && l->key.addr != tuple.saddr))
		return;
	if ((l->nr_syn >= l->backlog || conn_handshakes(t) >= MAX_TENANT_SYN) &&
	    !make_room(l)) {
		log_debug("SYN dropped: backlog of port %u is full",
			  ntohs(tuple.sport));
		return;
	}
	c = conn_alloc(t, nic, &tuple);
	if (!c)
		return;
	c->listener = l;
	listener_get(l);
	conn_set_eth(c, s.smac);
	c->iss = isn_make(&tuple, loop_now());
	read_opts(c, &s);
	if (conn_open(c, ETRAN_CS_SYN_RCVD)) {
		conn_end(c, 0, false);
		return;
	}
	send_syn(c, true);
}

/** handshake_established - TCP_EV_ESTABLISHED: the peer's ACK has come */
void handshake_established(struct conn *c)
{
	if (c->state == ETRAN_CS_SYN_RCVD) {
		timer_stop(&c->timer);
		conn_set_state(c, ETRAN_CS_ESTABLISHED);
	} else if (!c->adopted) {
		return;
	}
	c->adopted = false;
	conn_event(c, ETRAN_CTL_NEWCONN, 0);
}

static void answer(struct conn *c, int err, uint32_t reason)
{
	if (c->tenant->peer && c->req_id)
		peer_error(c->tenant->peer, c->req_id, err, reason);
	c->req_id = 0;
}

/** handshake_refused - RST, or a time-out, ended a handshake */
void handshake_refused(struct conn *c, int err)
{
	bool active = c->state == ETRAN_CS_SYN_SENT ||
		      c->state == CONN_RESOLVE;

	if (active)
		answer(c, err, ETRAN_R_NONE);
	conn_end(c, err, false);
}

/** handshake_synack - TCP_EV_SYNACK: answer to our SYN */
void handshake_synack(struct conn *c, const struct tcp_event *ev)
{
	struct tcp_sys_establish arg = { .conn = c->idx, .gen = c->gen };
	struct etran_ctl_msg m = { .type = ETRAN_CTL_CONNECTED };
	struct tcp_tuple tuple;
	struct seg s;

	if (c->state != ETRAN_CS_SYN_SENT ||
	    seg_parse(ev->bytes, ev->len < sizeof(ev->bytes) ? ev->len :
		      sizeof(ev->bytes), ev->len, &s))
		return;
	tuple = reversed(&s.tuple);
	if (memcmp(&tuple, &c->tuple, sizeof(tuple)) ||
	    (s.flags & (SEG_SYN | SEG_ACK | SEG_RST)) != (SEG_SYN | SEG_ACK) ||
	    s.ack != c->iss + 1)
		return;
	read_opts(c, &s);
	arg.irs = c->irs;
	arg.mss = c->mss;
	arg.wnd = c->wnd;
	arg.ts_recent = c->ts_recent;
	arg.flags = c->flags;
	arg.snd_wscale = c->snd_wscale;
	arg.rcv_wscale = c->rcv_wscale;
	if (tcpsys_run(PROG_ESTABLISH, &arg, sizeof(arg)))
		return;		/* the retransmitted SYN brings another one */
	timer_stop(&c->timer);
	conn_set_state(c, ETRAN_CS_ESTABLISHED);
	m.id = c->req_id;
	c->req_id = 0;
	conn_fill(c, &m.u.conn);
	tenant_send(c->tenant, &m);
}

/** handshake_resolved - the next hop of one in CONN_RESOLVE is known */
void handshake_resolved(struct conn *c, const uint8_t mac[6])
{
	conn_set_eth(c, mac);
	c->iss = isn_make(&c->tuple, loop_now());
	c->tries = 0;
	if (conn_open(c, ETRAN_CS_SYN_SENT)) {
		answer(c, EADDRINUSE, ETRAN_R_NONE);
		conn_end(c, 0, false);
		return;
	}
	send_syn(c, false);
}

/** handshake_timeout - no answer yet: again, or give up */
void handshake_timeout(struct conn *c)
{
	switch (c->state) {
	case ETRAN_CS_SYN_SENT:
		if (c->tries > SYN_TRIES)
			handshake_refused(c, ETIMEDOUT);
		else
			send_syn(c, false);
		break;
	case ETRAN_CS_SYN_RCVD:
		if (c->tries > SYNACK_TRIES)
			conn_end(c, ETIMEDOUT, false);
		else
			send_syn(c, true);
		break;
	default:
		if (++c->tries > RESOLVE_TRIES) {
			handshake_refused(c, EHOSTUNREACH);
			break;
		}
		neigh_probe(c->nic->ifindex, c->nexthop);
		timer_arm(&c->timer, NSEC_PER_SEC);
	}
}

/** handshake_adopted - a SYN_RCVD that a former etrand has left */
void handshake_adopted(struct conn *c)
{
	send_syn(c, true);
}

static enum etran_reason find_route(const struct tenant *t,
				    const struct etran_ctl_connect *req,
				    struct route *r)
{
	if (route_lookup(req->daddr, r))
		return ETRAN_R_NO_ROUTE;
	if (r->local || !unicast(req->daddr))
		return ETRAN_R_LOCAL;
	if (r->ifindex != t->nic->ifindex)
		return ETRAN_R_NO_ROUTE;
	return ETRAN_R_NONE;
}

/* Return: what the connection will be, 0 or a negative errno and a reason */
static int make_tuple(struct tenant *t, const struct etran_ctl_connect *req,
		      int fd, const struct route *r, struct tcp_tuple *tuple,
		      uint32_t *reason)
{
	struct sockaddr_in sin;

	*reason = ETRAN_R_NONE;
	if (listener_check_fd(fd, &sin, false))
		return -EINVAL;
	tuple->saddr = sin.sin_addr.s_addr ? sin.sin_addr.s_addr : r->prefsrc;
	tuple->sport = sin.sin_port;
	tuple->daddr = req->daddr;
	tuple->dport = req->dport;
	if (!addr_exists(t->nic->ifindex, tuple->saddr)) {
		*reason = ETRAN_R_NO_ROUTE;
		return -EADDRNOTAVAIL;
	}
	return 0;
}

/** handshake_connect - answer CONNECT, mostly later */
void handshake_connect(struct tenant *t, const struct etran_ctl_msg *m, int fd)
{
	struct tcp_tuple tuple;
	uint32_t reason;
	struct route r;
	uint8_t mac[6];
	struct conn *c;
	int err;

	reason = find_route(t, &m->u.connect, &r);
	if (reason) {
		peer_error(t->peer, m->id, EHOSTUNREACH, reason);
		return;
	}
	err = make_tuple(t, &m->u.connect, fd, &r, &tuple, &reason);
	if (err) {
		peer_error(t->peer, m->id, err, reason);
		return;
	}
	c = conn_find(&tuple);
	if (c && c->state == ETRAN_CS_TIME_WAIT) {
		conn_end(c, 0, false);
	} else if (c) {
		peer_error(t->peer, m->id, EADDRINUSE, ETRAN_R_NONE);
		return;
	}
	c = conn_alloc(t, t->nic, &tuple);
	if (!c) {
		peer_error(t->peer, m->id, ENOBUFS, ETRAN_R_NO_CONN);
		return;
	}
	c->req_id = m->id;
	c->nexthop = r.nexthop;
	c->hold_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (c->hold_fd < 0) {
		answer(c, ENOBUFS, ETRAN_R_NO_CONN);
		conn_end(c, 0, false);
		return;
	}
	if (!neigh_lookup(t->nic->ifindex, c->nexthop, mac)) {
		handshake_resolved(c, mac);
		return;
	}
	neigh_probe(t->nic->ifindex, c->nexthop);
	timer_arm(&c->timer, NSEC_PER_SEC);
}

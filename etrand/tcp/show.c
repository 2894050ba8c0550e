// SPDX-License-Identifier: GPL-2.0-only
/*
 * What etranctl is told of TCP: counters and connections.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "conn.h"
#include "etrand/json.h"
#include "etrand/nic.h"
#include "etrand/tenant.h"
#include "etrand/transport.h"
#include "show.h"
#include "tcpsys.h"

static struct json_object *counters(void)
{
	static const char * const names[] = {
		"rx_segs", "rx_pure_acks", "rx_bad_csum", "rx_bad_seq",
		"rx_ooo", "rx_dup", "rx_no_room", "rx_events_lost", "tx_segs",
		"tx_held", "tx_rexmit", "tx_acks", "tx_bad_owner",
		"tx_bad_req", "tx_stale", "fast_rexmit", "rto", "probes",
		"tx_acked", "tx_gap", "tx_no_hold", "rx_paws", "rx_challenge",
		"undo", "gen_refused",
	};
	struct json_object *o = json_object_new_object();
	struct tcp_stats s;
	size_t i;

	_Static_assert(sizeof(s) == sizeof(names) / sizeof(*names) * 8,
		       "a name for each counter of struct tcp_stats");
	if (!transport.live || tcpsys_stats(&s))
		return o;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		json_add_int(o, names[i], ((uint64_t *)&s)[i]);
	return o;
}

static const char *state_name(const struct conn *c, const struct tcp_conn *s)
{
	switch (c->state) {
	case CONN_RESOLVE:
		return "resolving";
	case ETRAN_CS_SYN_SENT:
		return "syn-sent";
	case ETRAN_CS_SYN_RCVD:
		return "syn-received";
	case ETRAN_CS_TIME_WAIT:
		return "time-wait";
	case ETRAN_CS_ESTABLISHED:
		break;
	default:
		return "closed";
	}
	if (s->flags & TCP_F_PEER_FIN)
		return s->flags & TCP_F_FIN_QUEUED ? "last-ack" : "close-wait";
	if (s->flags & TCP_F_FIN_ACKED)
		return "fin-wait-2";
	return s->flags & TCP_F_FIN_QUEUED ? "fin-wait-1" : "established";
}

static void add_addr(struct json_object *o, const char *key, __be32 addr,
		     __be16 port)
{
	char ip[INET_ADDRSTRLEN], text[INET_ADDRSTRLEN + 8];

	inet_ntop(AF_INET, &addr, ip, sizeof(ip));
	snprintf(text, sizeof(text), "%s:%u", ip, ntohs(port));
	json_add_str(o, key, text);
}

static struct json_object *flow(const struct conn *c)
{
	struct json_object *o = json_object_new_object();
	struct tcp_conn s = { 0 };

	if (c->state != CONN_RESOLVE && transport.live)
		tcpsys_conn(c->idx, &s);
	add_addr(o, "local", c->tuple.saddr, c->tuple.sport);
	add_addr(o, "peer", c->tuple.daddr, c->tuple.dport);
	json_add_str(o, "state", state_name(c, &s));
	json_add_int(o, "bytes_acked", s.snd_una);
	json_add_int(o, "bytes_received", s.rcv_nxt);
	json_add_int(o, "bytes_in_flight", s.snd_nxt > s.snd_una ?
		     s.snd_nxt - s.snd_una : 0);
	json_add_int(o, "cwnd", s.cwnd);
	json_add_int(o, "mss", c->mss);
	json_add_int(o, "srtt_us", s.srtt_us >> 3);
	json_add_int(o, "retransmits", s.rexmits);
	json_add_int(o, "pid", c->tenant->state == TENANT_READY ?
		     c->tenant->rec.pid : 0);
	json_add_str(o, "comm", c->tenant->rec.comm);
	json_add_int(o, "tenant", c->tenant->id);
	json_add_int(o, "conn", c->idx);
	json_add_str(o, "nic", c->nic ? c->nic->name : "");
	json_add_str(o, "accel", transport.ops->name);
	return o;
}

/** show_status - connections, and the sum of all CPUs' counters */
void show_status(struct json_object *root)
{
	unsigned int waiting = 0;
	struct conn *c;
	uint32_t i;

	for (i = 0; i < ETRAN_MAX_CONNS; i++) {
		c = conn_at(i);
		waiting += c && c->state == ETRAN_CS_TIME_WAIT;
	}
	json_add_int(root, "connections", conn_count() - waiting);
	json_add_int(root, "time_wait", waiting);
	json_object_object_add(root, "tcp", counters());
}

/** show_flows - each connection, in whatever state */
void show_flows(struct json_object *list)
{
	struct conn *c;
	uint32_t i;

	for (i = 0; i < ETRAN_MAX_CONNS; i++) {
		c = conn_at(i);
		if (c)
			json_object_array_add(list, flow(c));
	}
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which bytes behind rcv_nxt have arrived: a small set of intervals.
 *
 * The set has a fixed number of slots in no order; from == to marks a free
 * one. Intervals neither overlap nor touch. Both operations are one pass over
 * the slots: because intervals are apart, whatever the new bytes touch, they
 * touch directly, never by way of another interval.
 */
#ifndef _ETRAN_TCP_OOO_BPF_H
#define _ETRAN_TCP_OOO_BPF_H

#include "tcp_base.bpf.h"

enum tcp_ooo_result {
	TCP_OOO_NEW,	/* at least one byte is new; all are in the set now */
	TCP_OOO_OLD,	/* had them all */
	TCP_OOO_FULL,	/* no slot: the set is as before */
};

/**
 * tcp_ooo_insert - note that bytes [from, to) have arrived
 * @from: beyond rcv_nxt
 * @to: more than @from
 */
TCP_SUB int tcp_ooo_insert(struct tcp_conn *c, __u64 from, __u64 to)
{
	__u32 nr = 0, merged = 0;
	int i;

	for (i = 0; i < TCP_OOO_MAX; i++) {
		if (c->ooo[i].from <= from && to <= c->ooo[i].to)
			return TCP_OOO_OLD;
		if (c->ooo[i].from == c->ooo[i].to)
			continue;
		nr++;
		if (c->ooo[i].from <= to && from <= c->ooo[i].to)
			merged++;
	}
	if (nr == TCP_OOO_MAX && !merged)
		return TCP_OOO_FULL;

	for (i = 0; i < TCP_OOO_MAX; i++) {
		if (c->ooo[i].from == c->ooo[i].to ||
		    c->ooo[i].from > to || from > c->ooo[i].to)
			continue;
		from = TCP_MIN(from, c->ooo[i].from);
		to = TCP_MAX(to, c->ooo[i].to);
		c->ooo[i].from = 0;
		c->ooo[i].to = 0;
	}
	for (i = 0; i < TCP_OOO_MAX; i++) {
		if (c->ooo[i].from != c->ooo[i].to)
			continue;
		c->ooo[i].from = from;
		c->ooo[i].to = to;
		break;
	}
	c->nr_ooo = nr - merged + 1;
	return TCP_OOO_NEW;
}

/** tcp_ooo_advance - rcv_nxt moved: take over what has become contiguous */
TCP_SUB int tcp_ooo_advance(struct tcp_conn *c)
{
	__u64 nxt = c->rcv_nxt;
	__u32 nr = 0;
	int i;

	for (i = 0; i < TCP_OOO_MAX; i++) {
		if (c->ooo[i].from == c->ooo[i].to)
			continue;
		if (c->ooo[i].from > nxt) {
			nr++;
			continue;
		}
		nxt = TCP_MAX(nxt, c->ooo[i].to);
		c->ooo[i].from = 0;
		c->ooo[i].to = 0;
	}
	c->rcv_nxt = nxt;
	c->nr_ooo = nr;
	return 0;
}

#endif /* _ETRAN_TCP_OOO_BPF_H */

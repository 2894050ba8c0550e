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

#include "base.bpf.h"

enum tcp_ooo_result {
	TCP_OOO_NEW,	/* at least one byte is new; all are in the set now */
	TCP_OOO_OLD,	/* had them all */
	TCP_OOO_FULL,	/* no slot: the set is as before */
};

/* Does an interval, or with 0 a free slot, overlap or touch [from, to)? */
TCP_INLINE __u64 tcp_ooo_meets(const struct tcp_ooo *o, __u64 from, __u64 to)
{
	return tcp_off_before(o->from, o->to) &
	       ~(tcp_off_before(to, o->from) | tcp_off_before(o->to, from));
}

/**
 * tcp_ooo_insert - note that bytes [from, to) have arrived
 * @from: beyond rcv_nxt
 * @to: more than @from
 */
TCP_SUB int tcp_ooo_insert(struct tcp_conn *c, __u64 from, __u64 to)
{
	__u64 nr = 0, merged = 0, old = 0, put = 1;
	int i;

	for (i = 0; i < TCP_OOO_MAX; i++) {
		const struct tcp_ooo *o = &c->ooo[i];

		old |= 1 ^ (tcp_off_before(from, o->from) |
			    tcp_off_before(o->to, to));
		nr += tcp_off_before(o->from, o->to);
		merged += tcp_ooo_meets(o, from, to);
	}
	if (old)
		return TCP_OOO_OLD;
	if (nr == TCP_OOO_MAX && !merged)
		return TCP_OOO_FULL;

	for (i = 0; i < TCP_OOO_MAX; i++) {
		struct tcp_ooo *o = &c->ooo[i];
		__u64 eat = tcp_ooo_meets(o, from, to);

		from = tcp_off_choose(eat & tcp_off_before(o->from, from),
				      o->from, from);
		to = tcp_off_choose(eat & tcp_off_before(to, o->to), o->to, to);
		o->from &= eat - 1;
		o->to &= eat - 1;
	}
	for (i = 0; i < TCP_OOO_MAX; i++) {
		struct tcp_ooo *o = &c->ooo[i];
		__u64 here = put & ~tcp_off_before(o->from, o->to);

		o->from = tcp_off_choose(here, from, o->from);
		o->to = tcp_off_choose(here, to, o->to);
		put ^= here;
	}
	c->nr_ooo = (__u32)(nr - merged + 1);
	return TCP_OOO_NEW;
}

/** tcp_ooo_advance - rcv_nxt moved: take over what has become contiguous */
TCP_SUB int tcp_ooo_advance(struct tcp_conn *c)
{
	__u64 nxt = c->rcv_nxt, nr = 0;
	int i;

	for (i = 0; i < TCP_OOO_MAX; i++) {
		struct tcp_ooo *o = &c->ooo[i];
		__u64 used = tcp_off_before(o->from, o->to);
		__u64 later = used & tcp_off_before(nxt, o->from);
		__u64 eat = used ^ later;

		nr += later;
		nxt = tcp_off_choose(eat & tcp_off_before(nxt, o->to), o->to, nxt);
		o->from &= eat - 1;
		o->to &= eat - 1;
	}
	c->rcv_nxt = nxt;
	c->nr_ooo = (__u32)nr;
	return 0;
}

#endif /* _ETRAN_TCP_OOO_BPF_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints, and what it takes to find the arguments of those on a packet's
 * path: out of line, so that the path has a test and nothing else when they are
 * off.
 */
#include "pool.h"
#include "tx.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * etran_trace_egress - egress has returned
 * @tx: packet
 * @verdict: what it said
 */
void etran_trace_egress(const struct etran_tx *tx, int verdict)
{
	bool bad = tx->held != (verdict == ETRAN_HOLD);

	trace_etran_egress(tx->ep, tx->pkt.len, bad ? -1 : verdict, tx->data);
}

/**
 * etran_trace_hold - egress has put a packet into a bucket
 * @tx: packet
 * @b: bucket
 */
void etran_trace_hold(const struct etran_tx *tx, const struct etran_bucket *b)
{
	trace_etran_hold(tx->ep, tx->pkt.len, b->id, tx->data);
}

/**
 * etran_trace_dequeue - a timer program has taken a packet
 * @f: its frame, TAKEN
 * @b: bucket that it was in
 */
void etran_trace_dequeue(const struct etran_frame *f, const struct etran_bucket *b)
{
	trace_etran_dequeue(container_of(f->frames, struct etran_pool, fs), f->held.len,
			    b->id, etran_pool_data(f));
}

/**
 * etran_trace_release - a timer program gives a packet away
 * @f: its frame, TAKEN
 * @drop: not to the NIC
 */
void etran_trace_release(const struct etran_frame *f, bool drop)
{
	trace_etran_release(container_of(f->frames, struct etran_pool, fs), f->held.len,
			    drop ? ETRAN_DROP : ETRAN_SEND, etran_pool_data(f));
}

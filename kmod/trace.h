/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints. One event for each step that a packet, a timer or a transport
 * takes; @data is where the packet's bytes are, for BPF programs that copy them
 * (etranctl trace), and is not recorded.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM etran

#if !defined(_ETRAN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ETRAN_TRACE_H

#include <linux/tracepoint.h>
#include <net/net_namespace.h>

#include "exit.h"
#include "pool.h"
#include "transport.h"

struct etran_bucket;
struct etran_frame;
struct etran_tx;

void etran_trace_egress(const struct etran_tx *tx, int verdict);
void etran_trace_hold(const struct etran_tx *tx, const struct etran_bucket *b);
void etran_trace_dequeue(const struct etran_frame *f, const struct etran_bucket *b);
void etran_trace_release(const struct etran_frame *f, bool drop);

DECLARE_EVENT_CLASS(etran_packet,
		    TP_PROTO(const struct etran_pool *ep, u32 len, s32 what, const void *data),
		    TP_ARGS(ep, len, what, data),
		    TP_STRUCT__entry(__field(u64, netns)
				     __field(u32, ifindex)
				     __field(u32, queue)
				     __field(u32, tenant)
				     __field(u32, len)
				     __field(s32, what)),
		    TP_fast_assign(__entry->netns = ep->net_cookie;
				   __entry->ifindex = ep->out_ifindex;
				   __entry->queue = ep->queue;
				   __entry->tenant = ep->tenant;
				   __entry->len = len;
				   __entry->what = what;),
		    TP_printk("netns=%llu ifindex=%u queue=%u tenant=%u len=%u what=%d",
			      __entry->netns, __entry->ifindex, __entry->queue,
			      __entry->tenant, __entry->len, __entry->what)
);

/* What egress said; -1: nonsense, dropped. Packets without a transport, too. */
DEFINE_EVENT(etran_packet, etran_egress,
	     TP_PROTO(const struct etran_pool *ep, u32 len, s32 what, const void *data),
	     TP_ARGS(ep, len, what, data)
);

/* bpf_etran_hold() and its kind took it; what: its bucket, the timer of a wheel. */
DEFINE_EVENT(etran_packet, etran_hold,
	     TP_PROTO(const struct etran_pool *ep, u32 len, s32 what, const void *data),
	     TP_ARGS(ep, len, what, data)
);

/* A timer took it out; what: as etran_hold. */
DEFINE_EVENT(etran_packet, etran_dequeue,
	     TP_PROTO(const struct etran_pool *ep, u32 len, s32 what, const void *data),
	     TP_ARGS(ep, len, what, data)
);

/* A timer gave it away; what: ETRAN_SEND or ETRAN_DROP. */
DEFINE_EVENT(etran_packet, etran_release,
	     TP_PROTO(const struct etran_pool *ep, u32 len, s32 what, const void *data),
	     TP_ARGS(ep, len, what, data)
);

TRACE_EVENT(etran_complete,
	    TP_PROTO(const struct etran_pool *ep, u32 nr),
	    TP_ARGS(ep, nr),
	    TP_STRUCT__entry(__field(u32, ifindex)
			     __field(u32, queue)
			     __field(u32, nr)),
	    TP_fast_assign(__entry->ifindex = ep->ifindex;
			   __entry->queue = ep->queue;
			   __entry->nr = nr;),
	    TP_printk("ifindex=%u queue=%u nr=%u", __entry->ifindex, __entry->queue,
		      __entry->nr)
);

DECLARE_EVENT_CLASS(etran_queue,
		    TP_PROTO(const struct etran_pool *ep),
		    TP_ARGS(ep),
		    TP_STRUCT__entry(__string(name, ep->name)
				     __field(u64, netns)
				     __field(u32, ifindex)
				     __field(u32, queue)
				     __field(u32, tenant)
				     __field(bool, zc)),
		    TP_fast_assign(__assign_str(name);
				   __entry->netns = ep->net_cookie;
				   __entry->ifindex = ep->ifindex;
				   __entry->queue = ep->queue;
				   __entry->tenant = ep->tenant;
				   __entry->zc = ep->zc;),
		    TP_printk("transport=%s netns=%llu ifindex=%u queue=%u tenant=%u zerocopy=%d",
			      __get_str(name), __entry->netns, __entry->ifindex, __entry->queue,
			      __entry->tenant, __entry->zc)
);

DEFINE_EVENT(etran_queue, etran_bind,
	     TP_PROTO(const struct etran_pool *ep),
	     TP_ARGS(ep)
);

DEFINE_EVENT(etran_queue, etran_unbind,
	     TP_PROTO(const struct etran_pool *ep),
	     TP_ARGS(ep)
);

/* gen filled a frame, or had nothing to send (len 0 or less). */
TRACE_EVENT(etran_gen,
	    TP_PROTO(const struct etran_transport *tr, u32 ifindex, u64 cookie, s32 len,
		     const void *data),
	    TP_ARGS(tr, ifindex, cookie, len, data),
	    TP_STRUCT__entry(__string(name, tr->name)
			     __field(u64, netns)
			     __field(u64, cookie)
			     __field(u32, ifindex)
			     __field(s32, len)),
	    TP_fast_assign(__assign_str(name);
			   __entry->netns = tr->net_cookie;
			   __entry->cookie = cookie;
			   __entry->ifindex = ifindex;
			   __entry->len = len;),
	    TP_printk("transport=%s netns=%llu ifindex=%u cookie=%llu len=%d",
		      __get_str(name), __entry->netns, __entry->ifindex,
		      __entry->cookie, __entry->len)
);

/* A timer program is about to run. */
TRACE_EVENT(etran_timer,
	    TP_PROTO(const struct etran_transport *tr, u32 id),
	    TP_ARGS(tr, id),
	    TP_STRUCT__entry(__string(name, tr->name)
			     __field(u32, id)),
	    TP_fast_assign(__assign_str(name);
			   __entry->id = id;),
	    TP_printk("transport=%s id=%u", __get_str(name), __entry->id)
);

TRACE_EVENT(etran_exit,
	    TP_PROTO(const struct etran_transport *tr),
	    TP_ARGS(tr),
	    TP_STRUCT__entry(__string(name, tr->name)
			     __string(msg, tr->info.msg)
			     __field(u64, netns)
			     __field(u32, kind)
			     __field(s32, code)),
	    TP_fast_assign(__assign_str(name);
			   __assign_str(msg);
			   __entry->netns = tr->net_cookie;
			   __entry->kind = tr->info.kind;
			   __entry->code = tr->info.code;),
	    TP_printk("transport=%s netns=%llu kind=%u code=%d: %s", __get_str(name),
		      __entry->netns, __entry->kind, __entry->code, __get_str(msg))
);

#endif /* _ETRAN_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

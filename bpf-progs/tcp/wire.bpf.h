/* SPDX-License-Identifier: GPL-2.0-only */
/* Headers as bytes: options that arrive, headers that leave, checksums. */
#ifndef _ETRAN_TCP_WIRE_BPF_H
#define _ETRAN_TCP_WIRE_BPF_H

#include "base.bpf.h"
#ifndef __bpf__
#include <endian.h>
#define tcp_htons(x)	htobe16(x)
#define tcp_htonl(x)	htobe32(x)
#else
#define tcp_htons(x)	__builtin_bswap16((__u16)(x))
#define tcp_htonl(x)	__builtin_bswap32((__u32)(x))
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "a big-endian BPF target needs other byte-order macros"
#endif
#endif
#define tcp_ntohs(x)	tcp_htons(x)
#define tcp_ntohl(x)	tcp_htonl(x)

/*
 * Whole words at any address. Headers are not aligned, and of a type that says so
 * the compiler makes one access a byte.
 */
#ifdef __bpf__
#define TCP_PUT(type, at, v)	(*(volatile type *)(at) = (v))
#define TCP_GET(type, at)	(*(const volatile type *)(at))
#else
#define TCP_PUT(type, at, v) do {			\
	type put = (v);					\
							\
	__builtin_memcpy(at, &put, sizeof(put));	\
} while (0)
#define TCP_GET(type, at) ({				\
	type get;					\
							\
	__builtin_memcpy(&get, at, sizeof(get));	\
	get;						\
})
#endif

#define TCP_OPT_MAX	40
#define TCP_TS_OPT	0x0101080a	/* NOP, NOP, time stamps of 10 bytes */
#define TCP_NOP_OPT	0x01010101

/* The ETRAN_TCP_ROOM bytes in front of every payload. */
struct tcp_frame {
	__u8 eth[14];
	__u8 vihl;
	__u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag;
	__u8 ttl;
	__u8 proto;
	__u16 ip_csum;
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__be32 seq;
	__be32 ack;
	__u8 doff;
	__u8 flags;
	__be16 wnd;
	__u16 csum;
	__be16 urg;
	__be32 opt[3];
} __attribute__((packed, aligned(2)));

_Static_assert(sizeof(struct tcp_frame) == ETRAN_TCP_ROOM, "tcp_frame");

#define TCP_AT(field)	__builtin_offsetof(struct tcp_frame, field)

/** tcp_csum_fold - a sum of 16- or 32-bit words to 16 bits, not inverted */
TCP_INLINE __u16 tcp_csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

/** tcp_csum_pseudo - the pseudo header's part of a TCP checksum, folded */
TCP_INLINE __u32 tcp_csum_pseudo(__be32 saddr, __be32 daddr, __u32 len)
{
	return tcp_csum_fold((__u64)saddr + daddr + tcp_htons(6) +
			     tcp_htons(len));
}

/**
 * tcp_opt_ts - find the time stamps among a segment's options
 * @opt: TCP_OPT_MAX readable bytes
 * @len: how many of them are options
 * Malformed options end the search, as in every stack.
 */
TCP_SUB int tcp_opt_ts(const __u8 *opt, __u32 len, struct tcp_seg *seg)
{
	__u32 i, skip = 0;

	seg->has_ts = 0;
	/* One step a byte keeps every index a constant for the verifier. */
	for (i = 0; i < TCP_OPT_MAX - 9; i++) {
		if (i >= len)
			break;
		if (skip) {
			skip--;
			continue;
		}
		if (opt[i] == 0)
			break;
		if (opt[i] == 1)
			continue;
		if (i + 1 >= len || opt[i + 1] < 2)
			break;
		if (opt[i] == 8 && opt[i + 1] == 10 && i + 10 <= len) {
			seg->tsval = (__u32)opt[i + 2] << 24 |
				     (__u32)opt[i + 3] << 16 |
				     (__u32)opt[i + 4] << 8 | opt[i + 5];
			seg->tsecr = (__u32)opt[i + 6] << 24 |
				     (__u32)opt[i + 7] << 16 |
				     (__u32)opt[i + 8] << 8 | opt[i + 9];
			seg->has_ts = 1;
			break;
		}
		skip = opt[i + 1] - 1;
	}
	return 0;
}

/**
 * struct tcp_out - a segment that leaves, in host byte order
 * @seq: sequence number
 * @ms: TSval, see tcp_now_ms()
 * @sum: partial checksum of the payload, any byte order as csum_partial()
 * @len: payload bytes behind the headers
 * @wnd: window field, see tcp_wnd_take()
 * @flags: TCP_ACK, ...
 */
struct tcp_out {
	__u32 seq;
	__u32 ms;
	__u32 sum;
	__u32 len;
	__u32 wnd;
	__u32 flags;
};

/**
 * tcp_frame_put - write the headers of a segment
 * @p: ETRAN_TCP_ROOM bytes; never read, since a tenant may be able to write them
 * @c: connection, for addresses, rcv_nxt and ts_recent
 * @o: the rest
 */
TCP_SUB int tcp_frame_put(__u8 *p, struct tcp_conn *c, const struct tcp_out *o)
{
	__u64 addrs = c->tuple.saddr | (__u64)c->tuple.daddr << 32;
	__u32 ports = c->tuple.sport | (__u32)c->tuple.dport << 16;
	__u64 ip = tcp_htons(ETRAN_TCP_ROOM - TCP_AT(vihl) + o->len) |
		   (__u64)tcp_htons(c->ip_id) << 16 |
		   (__u64)tcp_htons(0x4000) << 32 | 64ULL << 48 | 6ULL << 56;
	__u64 seq = tcp_htonl(o->seq) |
		    (__u64)tcp_htonl(tcp_rcv_wire(c, c->rcv_nxt)) << 32;
	__u64 rest = 0x80 | (o->flags & 0xff) << 8 | (__u64)tcp_htons(o->wnd) << 16;
	__u64 opt = tcp_htonl(TCP_NOP_OPT) * 0x100000001ULL;
	__u64 hosts = c->tuple.saddr + (__u64)c->tuple.daddr, sum;
	__u32 ms = o->ms, opt2 = tcp_htonl(TCP_NOP_OPT);

	c->ip_id++;
	/*
	 * The clock was read before the lock was taken: a time stamp that goes
	 * back makes the peer drop what is newest as an old duplicate.
	 */
	if (tcp_before(ms, c->ts_sent))
		ms = c->ts_sent;
	c->ts_sent = ms;
	if (c->flags & TCP_F_TS) {
		opt = tcp_htonl(TCP_TS_OPT) | (__u64)tcp_htonl(ms) << 32;
		opt2 = tcp_htonl(c->ts_recent);
	}

	TCP_PUT(__u64, p, TCP_GET(__u64, c->eth));
	TCP_PUT(__u64, p + 6, TCP_GET(__u64, c->eth + 6));
	TCP_PUT(__u16, p + TCP_AT(vihl), 0x45);
	TCP_PUT(__u64, p + TCP_AT(tot_len), ip);
	sum = hosts + tcp_htons(0x4500) + (__u32)ip + (ip >> 32);
	TCP_PUT(__u16, p + TCP_AT(ip_csum), (__u16)~tcp_csum_fold(sum));
	TCP_PUT(__u64, p + TCP_AT(saddr), addrs);
	TCP_PUT(__u32, p + TCP_AT(sport), ports);
	TCP_PUT(__u64, p + TCP_AT(seq), seq);
	TCP_PUT(__u64, p + TCP_AT(opt), opt);
	TCP_PUT(__u32, p + TCP_AT(opt[2]), opt2);
	sum = hosts + tcp_htons(6) + tcp_htons(32 + o->len) + o->sum + ports +
	      (__u32)seq + (seq >> 32) + rest + (__u32)opt + (opt >> 32) + opt2;
	rest |= (__u64)(__u16)~tcp_csum_fold(sum) << 32;
	TCP_PUT(__u64, p + TCP_AT(doff), rest);
	return 0;
}

#endif /* _ETRAN_TCP_WIRE_BPF_H */

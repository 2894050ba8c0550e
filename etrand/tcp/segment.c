// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parsing and building TCP segments.
 *
 * Pure: bytes in, structures out, no state. What is parsed comes from the
 * network by way of the ring buffer, so every length is taken as hostile. The
 * checksum was verified by ingress, which saw the whole packet.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "segment.h"

#define ETH_LEN		14
#define IP_LEN		20
#define TCP_LEN		20

#define OPT_EOL		0
#define OPT_NOP		1
#define OPT_MSS		2
#define OPT_WS		3
#define OPT_TS		8

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/**
 * seg_csum - Internet checksum
 * @sum: partial sum to continue, host byte order
 * Return: value to store, most significant byte first
 */
uint16_t seg_csum(const void *mem, size_t len, uint32_t sum)
{
	const uint8_t *p = mem;

	for (; len > 1; len -= 2, p += 2)
		sum += get16(p);
	if (len)
		sum += p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/**
 * seg_parse_opts - read the options of a SYN
 * Unknown options are skipped. An option that runs over the end, or a known
 * one of wrong length, ends the list; what came before counts (as in Linux).
 * Return: 0, or -EBADMSG when the list ended that way.
 */
int seg_parse_opts(const uint8_t *opt, size_t len, struct seg_opts *o)
{
	size_t n;

	memset(o, 0, sizeof(*o));
	while (len) {
		if (opt[0] == OPT_EOL)
			return 0;
		if (opt[0] == OPT_NOP) {
			opt++;
			len--;
			continue;
		}
		if (len < 2 || opt[1] < 2 || opt[1] > len)
			return -EBADMSG;
		n = opt[1];
		switch (opt[0]) {
		case OPT_MSS:
			if (n != 4)
				return -EBADMSG;
			o->mss = get16(opt + 2);
			break;
		case OPT_WS:
			if (n != 3)
				return -EBADMSG;
			o->has_ws = true;
			o->wscale = opt[2] > SEG_MAX_WSCALE ? SEG_MAX_WSCALE : opt[2];
			break;
		case OPT_TS:
			if (n != 10)
				return -EBADMSG;
			o->has_ts = true;
			o->tsval = get32(opt + 2);
			o->tsecr = get32(opt + 6);
			break;
		}
		opt += n;
		len -= n;
	}
	return 0;
}

/**
 * seg_parse - read a segment's headers
 * @pkt: from the Ethernet header
 * @have: bytes at @pkt
 * @len: bytes of the whole packet, of which @pkt is the beginning
 * Return: 0 or -EBADMSG
 */
int seg_parse(const uint8_t *pkt, size_t have, size_t len, struct seg *s)
{
	const uint8_t *ip = pkt + ETH_LEN, *tcp;
	size_t ihl, doff, total;

	memset(s, 0, sizeof(*s));
	if (have > len || have < ETH_LEN + IP_LEN + TCP_LEN)
		return -EBADMSG;
	if (get16(pkt + 12) != 0x0800 || ip[0] >> 4 != 4 || ip[9] != 6)
		return -EBADMSG;
	ihl = (ip[0] & 15) * 4;
	total = get16(ip + 2);
	/* A fragment has no TCP header, or only a part of the payload. */
	if (ihl < IP_LEN || get16(ip + 6) & 0x3fff || total > len - ETH_LEN ||
	    have < ETH_LEN + ihl + TCP_LEN || total < ihl + TCP_LEN)
		return -EBADMSG;
	tcp = ip + ihl;
	doff = (tcp[12] >> 4) * 4;
	if (doff < TCP_LEN || ihl + doff > total || ETH_LEN + ihl + doff > have)
		return -EBADMSG;
	memcpy(s->dmac, pkt, 6);
	memcpy(s->smac, pkt + 6, 6);
	memcpy(&s->tuple.saddr, ip + 12, 4);
	memcpy(&s->tuple.daddr, ip + 16, 4);
	memcpy(&s->tuple.sport, tcp, 2);
	memcpy(&s->tuple.dport, tcp + 2, 2);
	s->seq = get32(tcp + 4);
	s->ack = get32(tcp + 8);
	s->flags = tcp[13] & 0x3f;
	s->wnd = get16(tcp + 14);
	s->payload = total - ihl - doff;
	seg_parse_opts(tcp + TCP_LEN, doff - TCP_LEN, &s->opts);
	return 0;
}

/* Options in the order Linux would pad them; each group is 4-byte aligned. */
static size_t build_opts(const struct seg_opts *o, uint8_t *p)
{
	uint8_t *start = p;

	if (o->mss) {
		p[0] = OPT_MSS;
		p[1] = 4;
		put16(p + 2, o->mss);
		p += 4;
	}
	if (o->has_ts) {
		p[0] = p[1] = OPT_NOP;
		p[2] = OPT_TS;
		p[3] = 10;
		put32(p + 4, o->tsval);
		put32(p + 8, o->tsecr);
		p += 12;
	}
	if (o->has_ws) {
		p[0] = OPT_NOP;
		p[1] = OPT_WS;
		p[2] = 3;
		p[3] = o->wscale;
		p += 4;
	}
	return p - start;
}

/**
 * seg_build - write a segment without payload
 * Return: bytes written, or -ENOSPC
 */
int seg_build(const struct seg *s, uint8_t *buf, size_t size)
{
	uint8_t *ip = buf + ETH_LEN, *tcp = ip + IP_LEN;
	uint32_t pseudo;
	size_t tcplen;

	if (size < SEG_MAX_HDR)
		return -ENOSPC;
	memset(buf, 0, SEG_MAX_HDR);
	tcplen = TCP_LEN + build_opts(&s->opts, tcp + TCP_LEN);

	memcpy(buf, s->dmac, 6);
	memcpy(buf + 6, s->smac, 6);
	put16(buf + 12, 0x0800);

	ip[0] = 0x45;
	put16(ip + 2, IP_LEN + tcplen);
	put16(ip + 6, 0x4000);		/* do not fragment; so no id is needed */
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, &s->tuple.saddr, 4);
	memcpy(ip + 16, &s->tuple.daddr, 4);
	put16(ip + 10, seg_csum(ip, IP_LEN, 0));

	memcpy(tcp, &s->tuple.sport, 2);
	memcpy(tcp + 2, &s->tuple.dport, 2);
	put32(tcp + 4, s->seq);
	put32(tcp + 8, s->ack);
	tcp[12] = tcplen / 4 << 4;
	tcp[13] = s->flags;
	put16(tcp + 14, s->wnd);
	pseudo = get16(ip + 12) + get16(ip + 14) + get16(ip + 16) +
		 get16(ip + 18) + 6 + tcplen;
	put16(tcp + 16, seg_csum(tcp, tcplen, pseudo));
	return ETH_LEN + IP_LEN + tcplen;
}

/**
 * seg_reset_for - the RST that answers a segment to a closed connection
 * RFC 9293 3.10.7.1: take sequence numbers from the segment, as nothing else
 * is known. The caller must not call it for a RST.
 */
void seg_reset_for(const struct seg *in, struct seg *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->dmac, in->smac, 6);
	memcpy(out->smac, in->dmac, 6);
	out->tuple.saddr = in->tuple.daddr;
	out->tuple.daddr = in->tuple.saddr;
	out->tuple.sport = in->tuple.dport;
	out->tuple.dport = in->tuple.sport;
	if (in->flags & SEG_ACK) {
		out->seq = in->ack;
		out->flags = SEG_RST;
		return;
	}
	out->ack = in->seq + in->payload + !!(in->flags & SEG_SYN) +
		   !!(in->flags & SEG_FIN);
	out->flags = SEG_RST | SEG_ACK;
}

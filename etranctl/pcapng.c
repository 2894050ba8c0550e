// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets as pcapng: direction in the packet's flags, what was decided about it
 * in its comment. Interfaces are described when their first packet comes.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "etrand/loop.h"
#include "etran_trace.h"
#include "pcapng.h"

enum {
	BLOCK_SECTION	= 0x0a0d0d0a,
	BLOCK_INTERFACE	= 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET	= 6,
};

enum {
	OPT_END		= 0,
	OPT_COMMENT	= 1,
	OPT_IF_NAME	= 2,
	OPT_IF_TSRESOL	= 9,
	OPT_PACKET_FLAGS = 2,
	OPT_STAT_IFDROP	= 5,
};

struct block {
	uint32_t len;
	uint8_t buf[ETRAN_TRACE_SNAPLEN + 512];
};

static void put(struct block *b, const void *data, size_t len)
{
	if (len)
		memcpy(b->buf + b->len, data, len);
	b->len += len;
	while (b->len % 4)
		b->buf[b->len++] = 0;
}

static void put32(struct block *b, uint32_t v)
{
	put(b, &v, sizeof(v));
}

static void put_time(struct block *b, uint64_t ns)
{
	put32(b, ns >> 32);
	put32(b, ns);
}

static void put_option(struct block *b, uint16_t code, const void *data, uint16_t len)
{
	put32(b, code | (uint32_t)len << 16);
	put(b, data, len);
}

static int write_block(struct pcapng *f, uint32_t type, const struct block *b)
{
	uint32_t head[] = { type, b->len + 12 };

	if (fwrite(head, sizeof(head), 1, f->out) != 1 ||
	    fwrite(b->buf, b->len, 1, f->out) != 1 ||
	    fwrite(&head[1], sizeof(head[1]), 1, f->out) != 1)
		return errno ? -errno : -EIO;
	return 0;
}

/**
 * pcapng_begin - write the beginning of a file
 * Return: 0 or a negative errno
 */
int pcapng_begin(struct pcapng *f)
{
	struct block b = { 0 };

	put32(&b, 0x1a2b3c4d);
	put32(&b, 1);			/* version 1.0 */
	put32(&b, UINT32_MAX);		/* length of the section: unknown */
	put32(&b, UINT32_MAX);
	return write_block(f, BLOCK_SECTION, &b);
}

/* Return: interface of the file, -E2BIG too many, or another negative errno */
static int interface(struct pcapng *f, uint32_t ifindex)
{
	const uint8_t nanoseconds = 9;
	char name[IF_NAMESIZE];
	struct block b = { 0 };
	unsigned int i;
	int err;

	for (i = 0; i < f->nr_nics; i++)
		if (f->ifindex[i] == ifindex)
			return i;
	if (i == PCAPNG_NICS)
		return -E2BIG;
	if (!if_indextoname(ifindex, name))
		snprintf(name, sizeof(name), "if%u", ifindex);
	put32(&b, 1);			/* Ethernet */
	put32(&b, f->snaplen);
	put_option(&b, OPT_IF_NAME, name, strlen(name));
	put_option(&b, OPT_IF_TSRESOL, &nanoseconds, 1);
	put_option(&b, OPT_END, NULL, 0);
	err = write_block(f, BLOCK_INTERFACE, &b);
	if (err)
		return err;
	f->ifindex[f->nr_nics++] = ifindex;
	return i;
}

static int comment(char *buf, size_t size, const struct etran_trace_rec *r)
{
	static const char * const verdicts[] = { "DROP", "SEND", "HOLD" };
	static const char * const actions[] = {
		"ABORTED", "DROP", "PASS", "TX", "REDIRECT",
	};
	const char *verdict = "BAD";

	switch (r->point) {
	case ETRAN_TRACE_INGRESS:
		if ((uint32_t)r->verdict < ARRAY_SIZE(actions))
			verdict = actions[r->verdict];
		return snprintf(buf, size, "ingress %s queue %u", verdict, r->queue);
	case ETRAN_TRACE_GEN:
		return snprintf(buf, size, "gen");
	default:
		if ((uint32_t)r->verdict < ARRAY_SIZE(verdicts))
			verdict = verdicts[r->verdict];
		return snprintf(buf, size, "%s %s queue %u tenant %u",
				r->point == ETRAN_TRACE_RELEASE ? "release" : "egress",
				verdict, r->queue, r->tenant);
	}
}

/**
 * pcapng_packet - write a packet
 * Return: 0, -E2BIG of one NIC too many, or another negative errno
 */
int pcapng_packet(struct pcapng *f, const struct etran_trace_rec *r)
{
	const uint32_t flags = r->point == ETRAN_TRACE_INGRESS ? 1 : 2;
	int nic = interface(f, r->ifindex);
	struct block b;
	char text[80];

	if (nic < 0)
		return nic;
	b.len = 0;
	put32(&b, nic);
	put_time(&b, r->time_ns + f->real_ns);
	put32(&b, r->caplen);
	put32(&b, r->len);
	put(&b, r->data, r->caplen);
	put_option(&b, OPT_COMMENT, text, comment(text, sizeof(text), r));
	put_option(&b, OPT_PACKET_FLAGS, &flags, sizeof(flags));
	put_option(&b, OPT_END, NULL, 0);
	return write_block(f, BLOCK_PACKET, &b);
}

/**
 * pcapng_end - say how many packets are not in the file
 * @now_ns: CLOCK_MONOTONIC
 * @lost: on all interfaces; told as the first one's
 * Return: 0 or a negative errno
 */
int pcapng_end(struct pcapng *f, uint64_t now_ns, uint64_t lost)
{
	struct block b = { 0 };

	if (!f->nr_nics)
		return 0;
	put32(&b, 0);
	put_time(&b, now_ns + f->real_ns);
	put_option(&b, OPT_STAT_IFDROP, &lost, sizeof(lost));
	put_option(&b, OPT_END, NULL, 0);
	return write_block(f, BLOCK_STATISTICS, &b);
}

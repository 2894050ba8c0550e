/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The far end: an AF_PACKET socket that judges every test packet it gets
 * (number, order, duplicates, contents) and can send some itself.
 */
#ifndef _KERNEL_SINK_H
#define _KERNEL_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host.h"
#include "probe.h"

#define SINK_CLASSES	(1 + PROBE_BUCKETS)
#define SINK_CPUS	16

struct sink {
	int fd;
	const struct host *host;
	uint32_t run;

	/* Order holds within a class: packets sent at once, each bucket. */
	uint32_t nth;
	uint32_t buckets;
	uint64_t last[SINK_CLASSES];

	uint8_t *got;		/* by seq */
	uint64_t *lat_ns;	/* by seq: from writing to arrival */
	uint64_t received;
	uint64_t dup;
	uint64_t ooo;
	uint64_t corrupt;
	uint64_t edited;
	uint64_t summed;	/* hdr.csum was filled, and rightly */
	uint64_t fences;
	uint64_t replies;
	uint64_t reply_dup;
	uint64_t reply_last[SINK_CPUS];	/* order holds on each CPU */
	uint64_t reply_ooo;
	uint8_t *replied;	/* by seq */
};

/** frame_build - write test packet @seq of @len bytes into @buf */
void frame_build(uint8_t *buf, const uint8_t *dst, const uint8_t *src,
		 uint32_t run, uint32_t kind, uint64_t seq, uint32_t len);

/** frame_sum - folded Internet checksum over the bytes behind the header */
uint16_t frame_sum(const uint8_t *buf, uint32_t len);

/** fold - 32-bit partial sum to 16 bits */
uint16_t fold(uint32_t sum);

/** frame_intact - is the packet what frame_build() once wrote? */
bool frame_intact(const uint8_t *buf, uint32_t len);

/** sink_open - listen on the NIC of @host for packets of @run */
int sink_open(struct sink *s, const struct host *host, uint32_t run);
void sink_close(struct sink *s);

/** sink_poll - judge what is there; returns how many packets */
unsigned int sink_poll(struct sink *s);

/** sink_send - @nr packets of @kind from number @seq on to @dst */
int sink_send(struct sink *s, const uint8_t *dst, uint32_t kind, uint64_t seq,
	      uint32_t len, unsigned int nr);

#endif /* _KERNEL_SINK_H */

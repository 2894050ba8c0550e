/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRANCTL_PCAPNG_H
#define ETRANCTL_PCAPNG_H

#include <stdint.h>
#include <stdio.h>

#define PCAPNG_NICS	16

struct etran_trace_rec;

/**
 * struct pcapng - a file in the making
 * @out: where to
 * @snaplen: limit of captured bytes, for the descriptions of NICs
 * @real_ns: CLOCK_REALTIME - CLOCK_MONOTONIC
 * @ifindex: the NIC that is interface i of the file
 * @nr_nics: how many there are
 */
struct pcapng {
	FILE *out;
	uint32_t snaplen;
	uint64_t real_ns;
	uint32_t ifindex[PCAPNG_NICS];
	unsigned int nr_nics;
};

int pcapng_begin(struct pcapng *f);
int pcapng_packet(struct pcapng *f, const struct etran_trace_rec *r);
int pcapng_end(struct pcapng *f, uint64_t now_ns, uint64_t lost);

#endif

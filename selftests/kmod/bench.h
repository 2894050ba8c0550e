/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The set-up that nearly every case needs:
 *
 *   host h1 (near)                          host h2 (far)
 *   AF_XDP socket, bound to the transport   AF_PACKET sink that judges
 *   transport and its ingress program
 *   AF_PACKET socket for fences
 *
 * and the two verbs: push numbered packets, and wait until everything is
 * where it must be.
 */
#ifndef _KERNEL_BENCH_H
#define _KERNEL_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "host.h"
#include "nl.h"
#include "sink.h"
#include "transport.h"
#include "xsk.h"

#define BENCH_TENANT	7
#define BENCH_LEN	128

struct bench {
	struct host *near, *far;
	struct xsk xsk;
	struct transport tr;
	struct sink sink;	/* on far */
	struct sink fence;	/* on near */
	struct nl nl;
	uint32_t queue;		/* of the NIC, to which the socket is bound */
	uint64_t next_seq;
	uint64_t window;	/* packets under way at most; 0: 128 */
	uint64_t absent;	/* of those pushed, never to arrive */
	uint32_t absent_nth;	/* every nth never arrives; 0: all do, 1: none */
	uint32_t len;		/* of a packet; 0: BENCH_LEN */
	uint64_t refused;	/* descriptors for which nothing comes back */
};

struct bench_opts {
	struct transport_opts tr;
	struct xsk_opts xsk;	/* ifindex and copy are filled in */
	bool receives;		/* what is no IP, which all comes from queue 0 */
	bool no_transport;	/* not even loaded */
	bool no_attach;
	bool no_bind;
	bool no_ingress;
	bool mirrored;		/* near is host h2 */
};

/* Set by main(), for all benches. */
extern struct host bench_h1, bench_h2;
extern bool bench_copy;		/* copy mode, although the NIC can do better */
extern bool bench_strict;	/* zero copy with a shadow */
extern bool bench_spread;	/* a case that names no queue gets the next one */
extern const char *bench_ko;
extern unsigned int bench_cycles;	/* of attach and detach under traffic */

/** bench_zerocopy - is zero copy what this run tests? */
bool bench_zerocopy(void);

/** bench_final - is what leaves what egress saw? */
bool bench_final(const struct bench *b);

/** bench_none - one that bench_close() takes, though it was never opened */
void bench_none(struct bench *b);

/** bench_open - false (and a failed check) when it could not be made */
bool bench_open(struct bench *b, const struct bench_opts *opts);

/** bench_close - safe on whatever bench_open() left */
void bench_close(struct bench *b);

/** bench_bind - QUEUE_BIND of the socket; 0 or a negative errno */
int bench_bind(struct bench *b);

/** bench_submit - one more packet into the TX ring; false: no room */
bool bench_submit(struct bench *b);

/** bench_push - submit @count packets, at most b->window under way */
bool bench_push(struct bench *b, uint64_t count);

/** bench_step - take what came back, kick if the kernel left something */
void bench_step(struct bench *b);

/** bench_settle - wait for so many completions and arrivals in total */
bool bench_settle(struct bench *b, uint64_t completed, uint64_t received);

/** bench_settle_frames - wait until every submitted frame came back */
bool bench_settle_frames(struct bench *b);

/** bench_fence - wait until what was sent before must have arrived */
bool bench_fence(struct bench *b);

/** bench_counters - of the bound queue */
bool bench_counters(struct bench *b, struct nl_counters *c);

/**
 * bench_check_rest - at rest no frame may be missing or come twice
 * @b: bench whose every packet was submitted by bench_submit()
 * @holding: packets in PKT_QUEUEs
 */
void bench_check_rest(struct bench *b, uint64_t holding);

/** bench_check_sink - the far end saw no duplicate, disorder or damage */
void bench_check_sink(struct bench *b);

/** bench_check_seen - BPF saw what it must at every call */
void bench_check_seen(struct bench *b);

#endif /* _KERNEL_BENCH_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRAND_TCP_LIFE_H
#define ETRAND_TCP_LIFE_H

#include <stdint.h>

struct conn;
struct tenant;

/* A released connection is served this long. */
#define ORPHAN_TIME	(60 * NSEC_PER_SEC)

void life_timeout(struct conn *c);
void life_release(struct tenant *t, uint32_t idx, uint32_t gen);
void life_abort(struct tenant *t, uint32_t idx, uint32_t gen);
void life_orphan_all(struct tenant *t);
void life_end_all(struct tenant *t);

#endif

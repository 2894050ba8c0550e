/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmod/wheel.c against a list that is searched from end to end. Driven by
 * bytes: random ones in kmod_wheel.c, chosen ones in the fuzzer.
 */
#ifndef _WHEEL_MODEL_H
#define _WHEEL_MODEL_H

#include <stdio.h>
#include <stdlib.h>

#include "kmod/wheel.c"

#define MODEL_NODES	64

struct model_node {
	struct list_head node;	/* must be first */
	bool in;
	u32 at;
	u64 due;
	s64 rank;		/* among those that are due at the same time */
};

struct model {
	struct etran_wheel w;
	struct etran_slot *slot;
	u64 *bits;
	u32 slots;
	u32 width;
	u32 limit;
	u64 now;
	s64 next_rank, front_rank;
	struct model_node node[MODEL_NODES];
	u32 nr;
	u64 past, early, full, taken;
};

struct model_bytes {
	const u8 *at, *end;
};

#define MODEL_CHECK(cond)						\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: not so: %s\n",		\
				__FILE__, __LINE__, #cond);		\
			abort();					\
		}							\
	} while (0)

static u64 model_take(struct model_bytes *b, u32 n)
{
	u64 v = 0;

	while (n-- && b->at < b->end)
		v = v << 8 | *b->at++;
	return v;
}

static void model_open(struct model *m, struct model_bytes *b)
{
	memset(m, 0, sizeof(*m));
	m->slots = 2U << (model_take(b, 1) % 20);
	m->width = 1 + model_take(b, 4) % UINT32_MAX;
	m->limit = model_take(b, 1) % 4;
	m->now = model_take(b, 6);
	m->slot = malloc(m->slots * sizeof(*m->slot));
	m->bits = calloc(etran_wheel_words(m->slots), sizeof(*m->bits));
	MODEL_CHECK(m->slot && m->bits);
	etran_wheel_init(&m->w, m->slots, m->width, m->limit, m->slot, m->bits);
}

static void model_close(struct model *m)
{
	free(m->slot);
	free(m->bits);
}

static struct model_node *model_first(struct model *m)
{
	struct model_node *first = NULL, *n;

	for (n = m->node; n < m->node + MODEL_NODES; n++)
		if (n->in && (!first || n->due < first->due ||
			      (n->due == first->due && n->rank < first->rank)))
			first = n;
	return first;
}

static u32 model_depth(struct model *m, u64 due)
{
	u32 i, depth = 0;

	for (i = 0; i < MODEL_NODES; i++)
		depth += m->node[i].in && m->node[i].due == due;
	return depth;
}

/* Within the window it is due at its time or up to a width later. */
static void model_judge(struct model *m, const struct etran_place *p, u64 oldest)
{
	u64 begin = min(oldest, m->now / m->width * m->width);

	if (p->early) {
		m->early++;
		MODEL_CHECK(p->due < p->when);
		MODEL_CHECK(p->due >= begin + (u64)(m->slots - 1) * m->width);
	} else if (p->front || p->when <= begin) {
		m->past++;
		MODEL_CHECK(p->due <= m->now && p->due <= oldest);
	} else {
		MODEL_CHECK(p->due >= p->when && p->due - p->when < m->width);
	}
	MODEL_CHECK(p->first == (p->due < oldest));
}

static void model_add(struct model *m, struct model_bytes *b)
{
	struct model_node *n = m->node, *first = model_first(m);
	u64 oldest = first ? first->due : ETRAN_WHEEL_NEVER;
	u8 how = model_take(b, 1);
	struct etran_place p = {
		.front = how & 1,
		.force = (how & 1) || (how & 6) == 2,
		.now = m->now,
	};
	u64 span = (u64)m->slots * m->width;

	while (n < m->node + MODEL_NODES && n->in)
		n++;
	if (n == m->node + MODEL_NODES)
		return;
	switch (how >> 4 & 3) {
	case 0:
		p.when = model_take(b, 8);
		break;
	case 1:		/* a few slots ahead */
		p.when = m->now + model_take(b, 2) % (4ULL * m->width);
		break;
	default:	/* around the horizon and back */
		p.when = m->now + model_take(b, 8) % (span + span / 4);
		break;
	}
	if (etran_wheel_add(&m->w, &n->node, &p, &n->at)) {
		m->full++;
		MODEL_CHECK(m->limit && !p.force);
		return;
	}
	model_judge(m, &p, oldest);
	n->due = p.due;
	n->rank = p.front ? --m->front_rank : m->next_rank++;
	n->in = true;
	m->nr++;
	MODEL_CHECK(n->at < m->slots);
	MODEL_CHECK(m->slot[n->at].depth == model_depth(m, n->due));
	MODEL_CHECK(p.force || !m->limit || m->slot[n->at].depth <= m->limit);
}

static void model_del(struct model *m, struct model_node *n)
{
	etran_wheel_del(&m->w, &n->node, n->at);
	n->in = false;
	m->nr--;
	MODEL_CHECK(m->slot[n->at].depth == model_depth(m, n->due));
}

static void model_check(struct model *m)
{
	struct model_node *first = model_first(m);
	struct list_head *got;

	MODEL_CHECK(etran_wheel_next(&m->w) ==
		    (first ? first->due : ETRAN_WHEEL_NEVER));
	got = etran_wheel_first(&m->w, ETRAN_WHEEL_NEVER);
	MODEL_CHECK(got == (first ? &first->node : NULL));
	got = etran_wheel_first(&m->w, m->now);
	MODEL_CHECK(got == (first && first->due <= m->now ? &first->node : NULL));
}

static void model_step(struct model *m, struct model_bytes *b)
{
	struct model_node *first;
	u8 op = model_take(b, 1);

	switch (op & 7) {
	case 0:
	case 1:
	case 2:
		model_add(m, b);
		break;
	case 3:		/* somebody's teardown */
		first = &m->node[(op >> 3) % MODEL_NODES];
		if (first->in)
			model_del(m, first);
		break;
	case 4:
		m->now += model_take(b, 2) % (2ULL * m->width);
		break;
	case 5:		/* nobody looked for a long time */
		if (op & 0x80)
			m->now += model_take(b, 4) % (2ULL * m->slots) * m->width;
		break;
	default:
		while ((first = model_first(m)) && first->due <= m->now) {
			model_check(m);
			model_del(m, first);
			m->taken++;
		}
	}
	model_check(m);
}

/* All that @b says; then everything comes out, and nothing is left. */
static void model_run(struct model *m, struct model_bytes *b)
{
	struct model_node *first;
	u32 i;

	model_open(m, b);
	while (b->at < b->end)
		model_step(m, b);
	while ((first = model_first(m)))
		model_del(m, first);
	model_check(m);
	for (i = 0; i < etran_wheel_words(m->slots); i++)
		MODEL_CHECK(!m->bits[i]);
	model_close(m);
}

#endif /* _WHEEL_MODEL_H */

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A doubly linked list with a head, as the kernel has it. */
#ifndef LIBETRAN_SHIM_LIST_H
#define LIBETRAN_SHIM_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct shim_list {
	struct shim_list *next, *prev;
};

#define shim_entry(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define shim_for_each(pos, head) \
	for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)

static inline void shim_list_init(struct shim_list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool shim_list_empty(const struct shim_list *l)
{
	return l->next == l;
}

static inline void shim_list_add(struct shim_list *n, struct shim_list *head)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

static inline void shim_list_del(struct shim_list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	shim_list_init(n);
}

#endif /* LIBETRAN_SHIM_LIST_H */

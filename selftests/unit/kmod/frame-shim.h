/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kmod/{frame,bucket,wheel}.c need of the kernel, for a native build
 * under a scheduler that decides at each access to shared memory which CPU goes
 * on (see frame.c).
 */
#ifndef _FRAME_SHIM_H
#define _FRAME_SHIM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;

#include "kmod/ops.h"

static inline __attribute__((format(printf, 1, 2))) void
pr_warn_ratelimited(const char *fmt, ...)
{
	(void)fmt;
}

/* The other CPU may go on from here. */
void cpu_yield(void);

#define READ_ONCE(x)		(cpu_yield(), (x))
#define WRITE_ONCE(x, val)	do { cpu_yield(); (x) = (val); } while (0)
#define smp_store_release(p, val)	WRITE_ONCE(*(p), val)

/* One step for the other CPU. */
#define try_cmpxchg(p, was, to) ({				\
	bool same_;						\
								\
	cpu_yield();						\
	same_ = *(p) == *(was);					\
	if (same_)						\
		*(p) = (to);					\
	else							\
		*(was) = *(p);					\
	same_; })

/* What user space has written there by now: anything. */
u32 user_load(const u32 *p);
#define etran_user_load(p)	user_load(p)

typedef struct {
	int owner;		/* CPU + 1 */
} raw_spinlock_t;

#define BIT(n)			(1UL << (n))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define DEBUG_NET_WARN_ON_ONCE(x)	((void)(x))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define min3(a, b, c)		min(a, min(b, c))
#define div_u64(a, b)		((u64)(a) / (b))
#define __ffs64(x)		__builtin_ctzll(x)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

#define ATOMIC64_INIT(i)	{ (i) }

static inline void atomic64_inc(atomic64_t *v)
{
	v->counter++;
}

static inline void atomic_set(atomic_t *v, int i)
{
	v->counter = i;
}

static inline int atomic_read(const atomic_t *v)
{
	return v->counter;
}

static inline void atomic_inc(atomic_t *v)
{
	v->counter++;
}

static inline void atomic_dec(atomic_t *v)
{
	v->counter--;
}

static inline int atomic_dec_if_positive(atomic_t *v)
{
	if (v->counter > 0)
		return --v->counter;
	return v->counter - 1;
}

void raw_spin_lock_init(raw_spinlock_t *lock);
void raw_spin_lock(raw_spinlock_t *lock);
void raw_spin_unlock(raw_spinlock_t *lock);

struct list_head {
	struct list_head *next, *prev;
};

#define list_entry(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define list_first_entry_or_null(head, type, member) \
	((head)->next != (head) ? list_entry((head)->next, type, member) : NULL)

#define list_empty(head)	((head)->next == (head))

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline void list_insert(struct list_head *entry, struct list_head *prev,
			       struct list_head *next)
{
	next->prev = entry;
	entry->next = next;
	entry->prev = prev;
	prev->next = entry;
}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	list_insert(entry, head, head->next);
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	list_insert(entry, head->prev, head);
}

static inline void list_del_init(struct list_head *entry)
{
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
	INIT_LIST_HEAD(entry);
}

#endif /* _FRAME_SHIM_H */

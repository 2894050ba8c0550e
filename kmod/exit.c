// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a transport ends: the funnel that every error goes through, the dump
 * that is made of it, and the last records of those that are gone.
 *
 * etran_exit() may be called from anywhere under RCU, under any lock, and
 * never frees or waits. The first reason wins and is the one that is reported;
 * from that moment on no program of the transport is called any more (bypass:
 * its packets come back to their tenants unsent). An irq_work and a work item
 * carry the rest to process context, where etran_transport_detach() ends it.
 *
 * etran_lock protects the records.
 */
#include <linux/ctype.h>
#include <linux/irq_work.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "exit.h"
#include "pool.h"
#include "trace.h"
#include "transport.h"

/* Bad verdicts that are forgiven in one second. */
#define ETRAN_BAD_LIMIT		1000
/* Held packets of a queue that a dump tells of. */
#define ETRAN_DUMP_PACKETS	16
#define ETRAN_EXIT_RECORDS	8

static struct etran_exit_record exit_records[ETRAN_EXIT_RECORDS];
static u32 exit_nr;
static struct workqueue_struct *exit_wq;

static const char * const exit_names[] = {
	[ETRAN_EXIT_KIND_NONE]		= "none",
	[ETRAN_EXIT_KIND_UNREG]		= "unreg",
	[ETRAN_EXIT_KIND_ADMIN]		= "admin",
	[ETRAN_EXIT_KIND_NETNS]		= "netns",
	[ETRAN_EXIT_KIND_BPF]		= "bpf",
};

static const char * const exit_error_names[] = {
	"error", "error-bpf", "error-verdict", "error-stall", "error-overrun",
};

/**
 * etran_exit_name - name of a kind, as in uapi/etran.yaml
 * @kind: enum etran_exit_kind
 * Return: string.
 */
const char *etran_exit_name(u32 kind)
{
	BUILD_BUG_ON(ETRAN_EXIT_KIND_ERROR + ARRAY_SIZE(exit_error_names) - 1 !=
		     ETRAN_EXIT_KIND_ERROR_OVERRUN);
	if (kind < ARRAY_SIZE(exit_names))
		return exit_names[kind];
	if (kind - ETRAN_EXIT_KIND_ERROR < ARRAY_SIZE(exit_error_names))
		return exit_error_names[kind - ETRAN_EXIT_KIND_ERROR];
	return "unknown";
}

/* What a program wrote goes to the log and to terminals. */
static void exit_clean(char *text, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		if (!isascii(text[i]) || (!isprint(text[i]) && text[i] != '\n'))
			text[i] = '?';
}

static __printf(4, 0) bool exit_vclaim(struct etran_transport *tr, u32 kind, s32 code,
				       const char *fmt, va_list ap)
{
	if (cmpxchg(&tr->ending, ETRAN_EXIT_KIND_NONE, kind))
		return false;
	tr->info.kind = kind;
	tr->info.code = code;
	vscnprintf(tr->info.msg, sizeof(tr->info.msg), fmt, ap);
	strreplace(tr->info.msg, '\n', ' ');
	exit_clean(tr->info.msg, strlen(tr->info.msg));
	return true;
}

/**
 * etran_exit_claim - give the reason of an end that the caller carries out
 * @tr: transport
 * @kind: enum etran_exit_kind
 * @fmt: one line
 *
 * Does nothing when there is a reason already. That one is complete once a
 * grace period has passed.
 */
void etran_exit_claim(struct etran_transport *tr, u32 kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	exit_vclaim(tr, kind, 0, fmt, ap);
	va_end(ap);
}

/**
 * etran_exit - end a transport, from any context
 * @tr: transport; under RCU
 * @kind: enum etran_exit_kind
 * @code: errno or the program's own
 * @fmt: one line
 */
void etran_exit(struct etran_transport *tr, u32 kind, s32 code, const char *fmt, ...)
{
	va_list ap;
	bool first;

	va_start(ap, fmt);
	first = exit_vclaim(tr, kind, code, fmt, ap);
	va_end(ap);
	if (first)
		irq_work_queue(&tr->exit_irq);
}

/**
 * etran_exit_bad - a program returned nonsense; too often ends it
 * @tr: transport, under RCU; NULL when it is gone
 * @what: program
 */
void etran_exit_bad(struct etran_transport *tr, const char *what)
{
	if (tr && atomic_inc_return(&tr->bad) > ETRAN_BAD_LIMIT)
		etran_exit(tr, ETRAN_EXIT_KIND_ERROR_VERDICT, -EINVAL,
			   "%s: more than %d bad results in a second", what,
			   ETRAN_BAD_LIMIT);
}

static void exit_irq(struct irq_work *work)
{
	struct etran_transport *tr = container_of(work, struct etran_transport, exit_irq);

	etran_exit_go(tr);
}

static void exit_work(struct work_struct *work)
{
	etran_transport_detach(container_of(work, struct etran_transport, exit_work));
}

/**
 * etran_exit_go - a reason was given: carry the end out
 * @tr: transport; under RCU or with a reference
 *
 * Any context but NMI.
 */
void etran_exit_go(struct etran_transport *tr)
{
	queue_work(exit_wq, &tr->exit_work);
}

/**
 * etran_exit_init - prepare the funnel of a transport
 * @tr: transport
 * Return: 0 or -ENOMEM.
 */
int etran_exit_init(struct etran_transport *tr)
{
	init_irq_work(&tr->exit_irq, exit_irq);
	INIT_WORK(&tr->exit_work, exit_work);
	tr->dump.text = kvmalloc(ETRAN_DUMP_LEN, GFP_KERNEL_ACCOUNT);
	return tr->dump.text ? 0 : -ENOMEM;
}

/**
 * etran_exit_free - nobody can come through the funnel any more
 * @tr: transport that has ended, or was never attached
 */
void etran_exit_free(struct etran_transport *tr)
{
	irq_work_sync(&tr->exit_irq);
	cancel_work_sync(&tr->exit_work);
	kvfree(tr->dump.text);
}

/**
 * etran_exit_dump_text - append to the dump
 * @dump: the transport's
 * @text: what to append, not terminated
 * @len: its length
 * Return: 0, -ENOSPC it did not fit and a mark says so.
 */
int etran_exit_dump_text(struct etran_dump_buf *dump, const char *text, u32 len)
{
	static const char mark[] = "\n~~~~ TRUNCATED ~~~~\n";
	u32 room = ETRAN_DUMP_LEN - sizeof(mark) - dump->len, n;

	if (dump->truncated)
		return -ENOSPC;
	n = min(len, room);
	memcpy(dump->text + dump->len, text, n);
	exit_clean(dump->text + dump->len, n);
	dump->len += n;
	dump->text[dump->len] = '\0';
	dump->ctx.room = room - n;
	if (n == len)
		return 0;
	dump->truncated = true;
	memcpy(dump->text + dump->len, mark, sizeof(mark));
	dump->len += sizeof(mark) - 1;
	return -ENOSPC;
}

static __printf(2, 3) void dump_printf(struct etran_dump_buf *dump, const char *fmt, ...)
{
	char line[192];
	va_list ap;

	va_start(ap, fmt);
	etran_exit_dump_text(dump, line, vscnprintf(line, sizeof(line), fmt, ap));
	va_end(ap);
}

static void dump_pool(struct etran_dump_buf *dump, struct etran_pool *ep)
{
	struct etran_counters c = {};
	u32 i, n = 0;

	etran_pool_count(ep, &c);
	dump_printf(dump, "queue %u/%u tenant %u: peeked %llu sent %llu completed %llu",
		    ep->ifindex, ep->queue, ep->tenant, c.peeked, c.sent, c.completed);
	dump_printf(dump, " holding %llu in-nic %llu bad-verdict %llu\n",
		    c.holding, c.in_nic, c.bad_verdict);
	for (i = 0; i < ep->fs.nr && n < ETRAN_DUMP_PACKETS; i++) {
		struct etran_frame *f = &ep->fs.frame[i];
		struct etran_bucket *b;

		if (etran_frame_get(&ep->fs, i) != ETRAN_FRAME_HELD)
			continue;
		/* Its socket may close, and its map go away, meanwhile. */
		rcu_read_lock();
		b = READ_ONCE(f->bucket);
		if (b) {
			dump_printf(dump, "  held: bucket %u len %u for %u ms\n",
				    b->id, f->held.len,
				    jiffies_to_msecs((u32)jiffies - f->held_at));
			n++;
		}
		rcu_read_unlock();
	}
}

/**
 * etran_exit_dump - write down what a transport leaves
 * @tr: transport that is quiet; its packets are still held
 *
 * Packets are described, never shown.
 */
void etran_exit_dump(struct etran_transport *tr)
{
	struct etran_dump_buf *dump = &tr->dump;
	struct etran_pool *ep = NULL;

	if (tr->info.kind < ETRAN_EXIT_KIND_ERROR)
		return;
	dump_printf(dump, "transport %s id %u: %s code %d: %s\n", tr->name, tr->id,
		    etran_exit_name(tr->info.kind), tr->info.code, tr->info.msg);
	while ((ep = etran_pool_next(ep, tr)))
		dump_pool(dump, ep);
	dump->ctx.kind = tr->info.kind;
	if (tr->ops->dump)
		tr->ops->dump(&dump->ctx);
}

/**
 * etran_exit_record - remember an end
 * @tr: transport that ended
 */
void etran_exit_record(struct etran_transport *tr)
{
	struct etran_exit_record new = {
		.net_cookie	= tr->net_cookie,
		.time		= ktime_get_real_ns(),
		.id		= tr->id,
		.info		= tr->info,
	};
	struct etran_exit_record *r;

	trace_etran_exit(tr);
	strscpy(new.name, tr->name);
	if (tr->dump.len)
		new.dump = kvmemdup(tr->dump.text, tr->dump.len + 1, GFP_KERNEL);
	new.dump_len = new.dump ? tr->dump.len : 0;

	spin_lock(&etran_lock);
	r = &exit_records[exit_nr % ETRAN_EXIT_RECORDS];
	swap(*r, new);
	WRITE_ONCE(exit_nr, exit_nr + 1);
	spin_unlock(&etran_lock);
	kvfree(new.dump);
}

/**
 * etran_exit_nr - transports that ended since the module was loaded
 * Return: number.
 */
u32 etran_exit_nr(void)
{
	return READ_ONCE(exit_nr);
}

/**
 * etran_exit_get - one of the last records
 * @i: 0 the oldest that is kept
 * Return: record, NULL when there are no more; etran_lock held.
 */
const struct etran_exit_record *etran_exit_get(u32 i)
{
	u32 first = exit_nr > ETRAN_EXIT_RECORDS ? exit_nr - ETRAN_EXIT_RECORDS : 0;

	lockdep_assert_held(&etran_lock);
	return first + i < exit_nr ? &exit_records[(first + i) % ETRAN_EXIT_RECORDS] : NULL;
}

/**
 * etran_exit_start - before the first transport
 * Return: 0 or -ENOMEM.
 */
int etran_exit_start(void)
{
	/* Dump and exit programs take their time, but not others' workers. */
	exit_wq = alloc_workqueue("etran_exit", WQ_UNBOUND, 0);
	return exit_wq ? 0 : -ENOMEM;
}

/**
 * etran_exit_stop - after the last one: free the records
 */
void etran_exit_stop(void)
{
	u32 i;

	destroy_workqueue(exit_wq);
	for (i = 0; i < ETRAN_EXIT_RECORDS; i++)
		kvfree(exit_records[i].dump);
}

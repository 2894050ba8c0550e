// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel tests' transport. It knows no protocol: it does with each packet
 * what the test ordered (struct orders), and writes down what it saw (struct
 * seen), so that the test program can compare the two ends of every promise
 * of ops.h and kfuncs.bpf.h.
 *
 * Lock: one bpf_spin_lock, around hold and arm in egress and around dequeue
 * in the timer, as a real transport would have it.
 */
#include "probe_bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct orders orders SEC(".data.orders") = { .buckets = 1, .budget = 64 };
struct seen seen SEC(".data.seen");

struct {
	__uint(type, ETRAN_MAP_TYPE_PKT_QUEUE);
	__uint(max_entries, PROBE_BUCKETS);
	__uint(map_extra, PROBE_BUCKET_LIMIT);
	__type(key, __u32);
	__type(value, struct probe_depth);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

struct guard {
	struct bpf_spin_lock lock;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct guard);
} guards SEC(".maps");

static __always_inline struct guard *guard(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&guards, &zero);
}

static __always_inline void inc(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline void misbehave(__u32 where)
{
	__u64 end = bpf_ktime_get_ns() + orders.spin_ns;
	int i, j;

	if (orders.exit_in & where)
		bpf_etran_exit(orders.exit_code, "as ordered\n\x1b[31m");
	if (!(orders.spin_in & where))
		return;
	orders.spin_in = 0;
	/* One loop is over after 8 million rounds: less than a second here. */
	bpf_for(i, 0, 64)
		bpf_for(j, 0, 1 << 23)
			if (bpf_ktime_get_ns() >= end)
				return;
}

/* What the compiler knows of @id, the verifier has to see. */
static __always_inline struct timer_seen *timer_seen(__u32 id)
{
	barrier_var(id);
	return &seen.timer[id % PROBE_ALL_TIMERS];
}

/* Raise the timer's target and arm it, in the order that loses no wake-up. */
static __always_inline int arm(__u32 id, __u64 delay_ns)
{
	struct timer_seen *t = timer_seen(id);

	__sync_fetch_and_add(&t->want, 1);
	inc(&seen.armed);
	return bpf_etran_timer_arm(id, delay_ns);
}

/* ---- egress ---------------------------------------------------------- */

static __always_inline int note_hold(int ret)
{
	if (ret) {
		inc(&seen.hold_err);
		seen.hold_errno = ret;
	} else {
		inc(&seen.hold_ok);
	}
	return ret;
}

static __always_inline int hold(struct etran_pkt *pkt, __u64 seq, __u32 bucket)
{
	struct etran_priv priv = {};
	struct guard *g = guard();
	int ret;

	if (!g)
		return -1;
	priv.v[0] = seq;
	priv.v[1] = ~seq;
	priv.v[2] = bucket;
	priv.v[3] = PROBE_MAGIC;
	bpf_spin_lock(&g->lock);
	ret = bpf_etran_hold(pkt, &queue, bucket, &priv);
	bpf_spin_unlock(&g->lock);
	return note_hold(ret);
}

static __always_inline int hold_and_arm(struct etran_pkt *pkt, __u64 seq)
{
	__u32 bucket = seq % (orders.buckets ?: 1);

	if (hold(pkt, seq, bucket))
		return ETRAN_DROP;
	if (!orders.no_arm)
		arm(bucket, orders.delay_ns);
	return ETRAN_HOLD;
}

static __always_inline int nonsense(struct etran_pkt *pkt, __u64 seq, __u32 act)
{
	struct etran_priv priv = {};

	switch (act) {
	case ACT_VERDICT_3:
		return 3;
	case ACT_VERDICT_NEG:
		return -22;
	case ACT_HOLD_UNHELD:
		return ETRAN_HOLD;
	case ACT_HELD_SEND:
		hold(pkt, seq, 0);
		arm(0, 0);
		return ETRAN_SEND;
	case ACT_HELD_DROP:
		hold(pkt, seq, 0);
		arm(0, 0);
		return ETRAN_DROP;
	case ACT_HOLD_BEYOND:
		hold(pkt, seq, PROBE_BUCKETS);
		return ETRAN_SEND;
	case ACT_HOLD_WRONG_MAP:
		note_hold(bpf_etran_hold(pkt, &guards, 0, &priv));
		return ETRAN_SEND;
	case ACT_HOLD_TWICE:
		if (hold(pkt, seq, 0))
			return ETRAN_DROP;
		seen.second_hold_errno = hold(pkt, seq, 1);
		arm(0, 0);
		return ETRAN_HOLD;
	}
	return ETRAN_DROP;
}

static __always_inline int act_on(struct etran_pkt *pkt, struct probe_hdr *hdr,
				  __u64 seq, __u32 act)
{
	__u32 sum;

	switch (act) {
	case ACT_SEND:
		return ETRAN_SEND;
	case ACT_DROP:
		return ETRAN_DROP;
	case ACT_HOLD:
		return hold_and_arm(pkt, seq);
	case ACT_EDIT:
		hdr->edit = ~(__u32)seq ^ PROBE_EDIT_MASK;
		return ETRAN_SEND;
	case ACT_EDIT_HOLD:
		hdr->edit = ~(__u32)seq ^ PROBE_EDIT_MASK;
		return hold_and_arm(pkt, seq);
	case ACT_CSUM:
		sum = bpf_etran_pkt_csum(pkt, PROBE_ETH_LEN + sizeof(*hdr),
					 pkt->len - PROBE_ETH_LEN - sizeof(*hdr), 0);
		hdr->csum = sum;
		return ETRAN_SEND;
	case ACT_ASK:
		if (bpf_etran_gen_request(seq, pkt->ifindex))
			inc(&seen.ask_refused);
		else
			inc(&seen.asked);
		return ETRAN_SEND;
	case ACT_BEYOND:
		if (bpf_etran_pkt_data(pkt, pkt->len - 1, 2) ||
		    bpf_etran_pkt_data(pkt, pkt->len, 1) ||
		    bpf_etran_pkt_data(pkt, 0xffffffff, 2) ||
		    bpf_etran_pkt_csum(pkt, 1, pkt->len, 7) != 7 ||
		    bpf_etran_pkt_csum(pkt, 0xffffffff, 2, 7) != 7)
			inc(&seen.beyond_ok);
		return ETRAN_DROP;
	}
	return nonsense(pkt, seq, act);
}

SEC("struct_ops/egress")
int BPF_PROG(probe_egress, struct etran_pkt *pkt)
{
	struct probe_hdr *hdr;
	__u32 nth = orders.nth;
	__u64 seq;
	__u8 *data;

	inc(&seen.egress);
	misbehave(IN_EGRESS);
	data = bpf_etran_pkt_data(pkt, 0, PROBE_ETH_LEN + sizeof(*hdr));
	if (!data) {
		inc(&seen.data_null);
		return ETRAN_DROP;
	}
	hdr = (void *)(data + PROBE_ETH_LEN);
	if (hdr->run != orders.run)
		return ETRAN_DROP;
	seq = hdr->seq;
	if (pkt->tenant != orders.tenant || pkt->ifindex != orders.ifindex ||
	    pkt->queue != orders.queue || pkt->len != hdr->len ||
	    pkt->flags != orders.pkt_flags)
		inc(&seen.ctx_bad);
	if (nth && seq % nth == 0)
		return act_on(pkt, hdr, seq, orders.nth_act);
	return act_on(pkt, hdr, seq, orders.act);
}

/* ---- timer ----------------------------------------------------------- */

static __always_inline void check_held(struct etran_held *held, __u32 bucket)
{
	__u64 seq = held->priv[0];
	struct probe_hdr *hdr;
	__u8 *data;

	if (held->priv[1] != ~seq || held->priv[3] != PROBE_MAGIC)
		inc(&seen.priv_bad);
	if (held->tenant != orders.tenant || held->ifindex != orders.ifindex ||
	    held->queue != orders.queue)
		inc(&seen.held_bad);
	data = bpf_etran_held_data(held, PROBE_ETH_LEN, sizeof(*hdr));
	if (!data) {
		inc(&seen.held_bad);
		return;
	}
	hdr = (void *)data;
	if (hdr->seq != seq || hdr->len != held->len ||
	    bpf_etran_held_data(held, held->len, 1))
		inc(&seen.held_bad);
	if (orders.release == REL_EDIT)
		hdr->edit = ~(__u32)seq ^ PROBE_EDIT_MASK;
	if (seq < seen.bucket_next[bucket % PROBE_BUCKETS])
		inc(&seen.bucket_ooo);
	seen.bucket_next[bucket % PROBE_BUCKETS] = seq;
}

/* Put @held back into @to, where it must come out first or last again. */
static __always_inline void requeue(struct etran_held *held, __u32 to)
{
	inc(&seen.requeued);
	bpf_etran_requeue(held, &queue, to);
	arm(to, orders.rearm_ns);
}

/* Returns false when the bucket gives nothing more, or must not now. */
static __always_inline bool release_one(__u32 bucket)
{
	struct guard *g = guard();
	struct etran_held *held;

	if (!g)
		return false;
	bpf_spin_lock(&g->lock);
	held = bpf_etran_dequeue(&queue, bucket);
	bpf_spin_unlock(&g->lock);
	if (!held)
		return false;
	inc(&seen.dequeued);
	check_held(held, bucket);
	if (orders.release == REL_DROP) {
		inc(&seen.rel_dropped);
		bpf_etran_drop(held);
		return true;
	}
	if (orders.release == REL_REQUEUE && seen.requeued < orders.requeues) {
		requeue(held, bucket);
		return false;
	}
	if (orders.release == REL_MOVE && bucket < PROBE_BUCKETS / 2) {
		requeue(held, bucket + PROBE_BUCKETS / 2);
		return true;
	}
	inc(&seen.rel_sent);
	bpf_etran_send(held);
	return true;
}

static __always_inline void release(__u32 bucket, __u32 id)
{
	int budget = orders.budget;
	int i;

	if (orders.release == REL_KEEP)
		return;
	bpf_for(i, 0, 64) {
		if (i >= budget) {
			arm(id, orders.rearm_ns);
			return;
		}
		if (!release_one(bucket))
			return;
	}
	arm(id, orders.rearm_ns);
}

SEC("struct_ops/timer")
void BPF_PROG(probe_timer, __u32 id)
{
	struct timer_seen *t = timer_seen(id);
	__u64 now = bpf_ktime_get_ns();

	misbehave(IN_TIMER);
	if (__sync_fetch_and_add(&t->inside, 1))
		__sync_fetch_and_add(&t->overlap, 1);
	if (now < t->due_ns)
		inc(&t->early);
	t->done = *(volatile __u64 *)&t->want;
	t->runs++;
	if (t->runs < orders.rearm_runs)
		arm(id, orders.rearm_ns);
	if (orders.cancel_run && t->runs == orders.cancel_run)
		bpf_etran_timer_cancel(id);
	if (id < PROBE_BUCKETS)
		release(id, id);
	else if (id >= PROBE_TIMERS)
		release(id - PROBE_TIMERS, id);
	__sync_fetch_and_add(&t->inside, -1);
}

/* ---- gen ------------------------------------------------------------- */

SEC("struct_ops/gen")
int BPF_PROG(probe_gen, struct etran_gen *gen)
{
	__u64 cookie = gen->cookie;
	__u8 *data;

	inc(&seen.gen);
	misbehave(IN_GEN);
	if (gen->ifindex != orders.ifindex ||
	    gen->cpu != bpf_get_smp_processor_id() ||
	    bpf_etran_gen_data(gen, ETRAN_GEN_FRAME_LEN, 1))
		inc(&seen.gen_bad);
	if (orders.gen_skip && cookie % orders.gen_skip == 0)
		return 0;
	if (orders.gen_ret)
		return orders.gen_ret;
	data = bpf_etran_gen_data(gen, 0, PROBE_MIN_LEN);
	if (!data) {
		inc(&seen.gen_bad);
		return 0;
	}
	return reply_build(data, orders.gen_dst, orders.gen_src, orders.run, cookie,
			   gen->cpu);
}

/* ---- life ------------------------------------------------------------ */

SEC("struct_ops.s/init")
int BPF_PROG(probe_init)
{
	inc(&seen.init);
	return orders.init_ret;
}

SEC("struct_ops.s/exit")
void BPF_PROG(probe_exit, struct etran_exit_info *info)
{
	inc(&seen.exit);
	seen.exit_kind = info->kind;
	seen.exit_code = info->code;
}

SEC("struct_ops.s/dump")
void BPF_PROG(probe_dump, struct etran_dump *dump)
{
	char line[] = "probe says hello\n";
	int i, n = orders.dump_lines;

	inc(&seen.dump);
	bpf_for(i, 0, n)
		if (bpf_etran_dump_text(dump, line, sizeof(line)))
			break;
}

SEC(".struct_ops.link")
struct etran_transport_ops probe = {
	.egress		= (void *)probe_egress,
	.gen		= (void *)probe_gen,
	.timer		= (void *)probe_timer,
	.init		= (void *)probe_init,
	.exit		= (void *)probe_exit,
	.dump		= (void *)probe_dump,
	.nr_timers	= PROBE_TIMERS,
	.nr_global	= PROBE_GLOBAL,
	.name		= "probe",
};

/* The least there can be: every optional op is missing. */
SEC("?.struct_ops.link")
struct etran_transport_ops bare = {
	.egress		= (void *)probe_egress,
	.name		= "bare",
};

/*
 * Ends with a packet in R0, which the verifier of 7.3 takes for a result that
 * is given back to the kernel: the module has to see to the packet.
 */
SEC("?struct_ops/timer")
__naked void leaky_timer(void)
{
	asm volatile ("r1 = %[queue] ll;"
		      "r2 = 0;"
		      "call %[bpf_etran_dequeue];"
		      "exit;"
		      :
		      : __imm_addr(queue), __imm(bpf_etran_dequeue)
		      : "r0", "r1", "r2", "r3", "r4", "r5");
}

SEC("?.struct_ops.link")
struct etran_transport_ops leaky = {
	.egress		= (void *)probe_egress,
	.timer		= (void *)leaky_timer,
	.nr_timers	= PROBE_TIMERS,
	.name		= "leaky",
};

/* ---- ingress and syscall --------------------------------------------- */

static __always_inline int ask(__u64 cookie, __u32 ifindex)
{
	int ret = bpf_etran_gen_request(cookie, ifindex);

	if (ret) {
		inc(&seen.ask_refused);
		seen.ask_errno = ret;
	} else {
		inc(&seen.asked);
	}
	return ret;
}

static __always_inline __u32 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static __always_inline int deliver(struct xdp_md *ctx, struct probe_hdr *hdr)
{
	__u32 off = PROBE_ETH_LEN + sizeof(*hdr);
	__u64 seq = hdr->seq;
	__u32 len = hdr->len;
	int ret;

	/* hdr->csum is the sender's sum over what follows the header. */
	if (hdr->csum && (len < off ||
			  fold(bpf_etran_rx_csum(ctx, off, len - off, 0)) !=
			  hdr->csum))
		inc(&seen.rx_csum_bad);
	ret = bpf_etran_rx_ready(ctx, &xsks, orders.rx_key);
	if (ret) {
		inc(&seen.rx_refused);
		if (ret == -28)
			inc(&seen.rx_enospc);
		seen.rx_errno = ret;
		return XDP_DROP;
	}
	inc(&seen.promised);
	if (seq < PROBE_SEQS)
		seen.promise[seq] = 1;
	return bpf_redirect_map(&xsks, orders.rx_key, XDP_DROP);
}

SEC("xdp")
int probe_ingress(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct probe_hdr *hdr = (void *)(data + PROBE_ETH_LEN);

	if ((void *)(hdr + 1) > end)
		return XDP_PASS;
	if (data[12] != PROBE_ETHERTYPE >> 8 ||
	    data[13] != (PROBE_ETHERTYPE & 0xff) || hdr->run != orders.run)
		return XDP_PASS;
	misbehave(IN_INGRESS);
	switch (hdr->kind) {
	case PROBE_ASK:
		ask(hdr->seq, ctx->ingress_ifindex);
		if (orders.ask_flush)
			return bpf_redirect_map(&xsks, orders.rx_key, XDP_DROP);
		return XDP_DROP;
	case PROBE_DELIVER:
		return deliver(ctx, hdr);
	case PROBE_ARM:
		arm(hdr->seq, 0);
		return XDP_DROP;
	}
	return XDP_PASS;
}

SEC("syscall")
int probe_arm(struct arm_args *args)
{
	__u64 delay = args->delay_ns;
	int i, ret, count = args->count;
	__u32 id = args->id;

	misbehave(IN_SYSCALL);
	if (!count)
		args->ret = bpf_etran_timer_cancel(id);
	bpf_for(i, 0, count) {
		ret = arm(id, delay);
		if (ret)
			args->ret = ret;
	}
	return 0;
}

SEC("syscall")
int probe_ask(struct ask_args *args)
{
	int i, ret, count = args->count;

	bpf_for(i, 0, count) {
		ret = ask(args->cookie + i, args->ifindex);
		if (ret)
			args->ret = ret;
		else
			args->accepted++;
	}
	return 0;
}

#include "pace.bpf.h"
#include "cost.bpf.h"
#include "meta.bpf.h"

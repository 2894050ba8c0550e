/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a transport does on one CPU, or in its thread: timers and generated frames.
 */
#ifndef _ETRAN_CPU_H
#define _ETRAN_CPU_H

#include "etran.h"

struct etran_gen_req;
struct etran_transport;
struct page;
struct page_pool;
struct task_struct;
struct xdp_frame;

/* Frames that go to the driver at once. */
#define ETRAN_GEN_BULK		16

/**
 * struct etran_cpu - work of one transport on one CPU, or in its thread
 * @lock: protects the timers below
 * @tr: transport
 * @cpu: CPU; nr_cpu_ids for the thread
 * @thread: KTHREAD mode: the thread
 * @pending: in a list of the CPU's runner (cpu.c), whose lock protects it
 * @hrtimer: earliest timer of @waiting
 * @ready: timers that are due
 * @waiting: timers that are not
 * @req: ring of requests for gen
 * @req_size: its size, a power of two
 * @req_head: next free entry
 * @req_tail: next entry to serve
 * @frame: generated frames on their way, or waiting for a device that is busy
 * @nr_frames: how many
 * @frame_ifindex: their device
 * @gen_tries: how often it was too busy for the first of them
 * @gen_retry: when it is tried again, as ktime_get_ns()
 * @gen_stuck: by ifindex, devices that were given up and have taken nothing since
 * @pp: memory of generated frames
 * @page: one that was not used last time
 */
struct etran_cpu {
	raw_spinlock_t lock;
	struct etran_transport *tr;
	u32 cpu;
	struct task_struct *thread;
	struct list_head pending;
	struct hrtimer hrtimer;
	struct list_head ready;
	struct timerqueue_head waiting;
	struct etran_gen_req *req;
	u32 req_size;
	u32 req_head;
	u32 req_tail;
	struct xdp_frame *frame[ETRAN_GEN_BULK];
	u32 nr_frames;
	u32 frame_ifindex;
	u32 gen_tries;
	u64 gen_retry;
	struct xarray gen_stuck;
	struct page_pool *pp;
	struct page *page;
	u64 gen_requests;
	u64 gen_sent;
	u64 gen_skipped;
	u64 gen_failed;
	u64 timer_runs;
};

/* Time of one run, of all rounds in it: as long as __do_softirq() gives itself. */
#define ETRAN_ROUND_MS		2

unsigned long etran_cpu_round_end(void);
void etran_cpu_schedule(struct etran_cpu *c);
void etran_cpu_flush(void);
int etran_cpu_alloc(struct etran_transport *tr);
void etran_cpu_stop(struct etran_transport *tr);
void etran_cpu_free(struct etran_transport *tr);
int etran_cpu_start(void);
void etran_cpu_end(void);

#endif /* _ETRAN_CPU_H */

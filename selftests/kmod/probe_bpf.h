/* SPDX-License-Identifier: GPL-2.0-only */
/* What every BPF object of the kernel tests includes. */
#ifndef _KERNEL_PROBE_BPF_H
#define _KERNEL_PROBE_BPF_H

/* kfuncs.bpf.h declares what is called. */
#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lib/kfuncs.bpf.h"
#include "probe.h"

/* Macros of kmod/ops.h, which BTF does not carry. */
#ifndef ETRAN_MAP_TYPE_PKT_QUEUE
#define ETRAN_MAP_TYPE_PKT_QUEUE	PROBE_MAP_TYPE
#endif
#ifndef ETRAN_GEN_FRAME_LEN
#define ETRAN_GEN_FRAME_LEN		ETRAN_GEN_MAX
#endif

#ifndef __naked
#define __naked			__attribute__((naked))
#endif
#define __imm(name)		[name] "i"(name)
#define __imm_addr(name)	[name] "i"(&name)

/* What gen makes: a whole PROBE_REPLY of PROBE_MIN_LEN bytes; its length. */
static __always_inline int reply_build(__u8 *data, const __u8 *dst, const __u8 *src,
				       __u32 run, __u64 seq, __u32 cpu)
{
	struct probe_hdr *hdr = (void *)(data + PROBE_ETH_LEN);
	int i;

	for (i = 0; i < 6; i++) {
		data[i] = dst[i];
		data[6 + i] = src[i];
	}
	data[12] = PROBE_ETHERTYPE >> 8;
	data[13] = PROBE_ETHERTYPE & 0xff;
	hdr->magic = PROBE_MAGIC;
	hdr->run = run;
	hdr->kind = PROBE_REPLY;
	hdr->len = PROBE_MIN_LEN;
	hdr->seq = seq;
	hdr->time_ns = 0;
	hdr->edit = cpu;
	hdr->csum = 0;
	for (i = PROBE_ETH_LEN + sizeof(*hdr); i < PROBE_MIN_LEN; i++)
		data[i] = seq * 31 + i;
	return PROBE_MIN_LEN;
}

#endif /* _KERNEL_PROBE_BPF_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* What every BPF object of the kernel tests includes. */
#ifndef _KERNEL_PROBE_BPF_H
#define _KERNEL_PROBE_BPF_H

/* kfuncs.bpf.h declares what is called. */
#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <etran/kfuncs.bpf.h>
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

#endif /* _KERNEL_PROBE_BPF_H */

// SPDX-License-Identifier: GPL-2.0-only
/* Keeps the place of a NIC's XDP program; see ingress.h. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

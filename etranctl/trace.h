/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ETRANCTL_TRACE_H
#define ETRANCTL_TRACE_H

#include <stdint.h>

/**
 * struct trace_opts - of trace_pcap()
 * @path: file, "-" is standard output
 * @snaplen: bytes of each packet
 * @buffer: bytes between the kernel and the writer, a power of two of pages
 * @count: packets, 0 no limit
 */
struct trace_opts {
	const char *path;
	uint32_t snaplen;
	uint32_t buffer;
	uint64_t count;
};

int trace_pcap(const struct trace_opts *opts);

#endif

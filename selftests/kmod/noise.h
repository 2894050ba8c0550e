/* SPDX-License-Identifier: GPL-2.0-only */
/* Netlink requests by chance. */
#ifndef _KERNEL_NOISE_H
#define _KERNEL_NOISE_H

#include <stdint.h>

struct nl;

/**
 * noise_requests - send @nr requests of which some make sense
 * @nl: socket
 * @nr: how many
 * @seed: other numbers make other requests
 *
 * Checks of each that the kernel says no, and for whose sake: the parser's, which
 * names what is wrong, or, when all attributes are as the specification wants them,
 * that of who would do it. None names a transport or a socket that exists.
 */
void noise_requests(struct nl *nl, unsigned int nr, uint64_t seed);

#endif /* _KERNEL_NOISE_H */

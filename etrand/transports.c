// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transports that are built in: the one file of the daemon that names any.
 */
#include <stddef.h>

#include "tcp/tcp.h"
#include "transport.h"

const struct transport_ops * const transports[] = {
	&tcp_ops,
	NULL,
};

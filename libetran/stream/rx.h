/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * From the RX rings to the connections.
 */
#ifndef LIBETRAN_STREAM_RX_H
#define LIBETRAN_STREAM_RX_H

#include <stdbool.h>

bool et_rx_drain(void);

#endif /* LIBETRAN_STREAM_RX_H */

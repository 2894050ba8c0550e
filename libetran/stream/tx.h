/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The sending half of a connection.
 */
#ifndef LIBETRAN_STREAM_TX_H
#define LIBETRAN_STREAM_TX_H

#include "sock.h"

void et_tx_init(void);
bool et_tx_writable(struct etran_sock *s);
size_t et_tx_append(struct etran_sock *s, const struct iovec *iov, int iovcnt);
void et_tx_fin(struct etran_sock *s);
void et_tx_acked(struct etran_sock *s, uint64_t una);
void et_tx_rexmit(struct etran_sock *s, uint64_t off, uint32_t nr);
void et_tx_timeout(struct etran_sock *s);
void et_tx_window(struct etran_sock *s);
void et_tx_flush_all(void);
void et_tx_pend(struct etran_sock *s);
void et_tx_drop(struct etran_sock *s);

#endif /* LIBETRAN_STREAM_TX_H */

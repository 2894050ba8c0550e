/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Life of a connection, and what poll() would say of it.
 */
#ifndef LIBETRAN_STREAM_CONN_H
#define LIBETRAN_STREAM_CONN_H

#include "sock.h"

struct etran_sock *et_sock_new(uint8_t state);
void et_sock_free(struct etran_sock *s);
int et_conn_attach(struct etran_sock *s, const struct etran_ctl_conn *c);
void et_conn_detach(struct etran_sock *s);
void et_conn_say(uint32_t type, const struct etran_sock *s);
void et_conn_end(struct etran_sock *s, int err);
void et_conn_finish(struct etran_sock *s, int err);
void et_conn_abort(struct etran_sock *s);
void et_conn_refresh(struct etran_sock *s);
void et_refresh_all(void);
void et_serve_orphans(void);
uint32_t et_conn_events(struct etran_sock *s);
uint32_t et_conn_look(struct etran_sock *s);
void et_touch(struct etran_sock *s, bool news);
void et_tell(void);

#endif /* LIBETRAN_STREAM_CONN_H */

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What has been received and not been read yet.
 */
#ifndef LIBETRAN_STREAM_SEG_H
#define LIBETRAN_STREAM_SEG_H

#include "sock.h"

struct et_seg *et_seg_new(uint32_t f, uint64_t off, uint8_t *data, uint32_t len);
bool et_seg_add(struct etran_sock *s, uint32_t f, uint64_t off, uint8_t *data, uint32_t len);
void et_seg_adopt(struct etran_sock *s, struct et_slot *slot);
void et_seg_drop(struct et_seg **head);
size_t et_seg_read(struct etran_sock *s, const struct iovec *iov, int iovcnt, bool peek);

/* Has the application read all that ever comes? */
static inline bool et_seg_eof(const struct etran_sock *s)
{
	return s->rcv_read >= s->rcv_fin;
}

#endif /* LIBETRAN_STREAM_SEG_H */

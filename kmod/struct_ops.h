/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The struct_ops type etran_transport_ops.
 */
#ifndef _ETRAN_STRUCT_OPS_H
#define _ETRAN_STRUCT_OPS_H

#include "etran.h"

struct bpf_struct_ops;

extern struct bpf_struct_ops etran_struct_ops;

int etran_struct_ops_init(void);

#endif /* _ETRAN_STRUCT_OPS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may call what: the one table of kfuncs. Included several times by
 * kfunc.c, which makes of it the sets that the verifier looks at.
 *
 * KFUNC: struct_ops programs only; KFUNC_ANY: XDP and syscall programs too;
 * KFUNC_XDP: XDP programs only. All have KF_SPINLOCK_SAFE, those of XDP when it
 * is written here. The last column tells which struct_ops programs: E egress,
 * G gen, T timer, D dump, L init and exit.
 */
KFUNC(bpf_etran_pkt_data, KF_RET_NULL, KF_E)
KFUNC(bpf_etran_pkt_csum, 0, KF_E)
KFUNC(bpf_etran_pkt_csum_fill, 0, KF_E)
KFUNC(bpf_etran_pkt_tx_timestamp, 0, KF_E)
KFUNC(bpf_etran_hold, 0, KF_E)
KFUNC(bpf_etran_hold_front, 0, KF_E)
KFUNC(bpf_etran_hold_until, 0, KF_E)
KFUNC(bpf_etran_dequeue, KF_ACQUIRE | KF_RET_NULL, KF_T)
KFUNC(bpf_etran_dequeue_due, KF_ACQUIRE | KF_RET_NULL | KF_IMPLICIT_ARGS, KF_T)
KFUNC(bpf_etran_peek, 0, KF_E | KF_G | KF_T)
KFUNC(bpf_etran_next_due, 0, KF_E | KF_G | KF_T)
KFUNC(bpf_etran_depth, 0, KF_E | KF_G | KF_T)
KFUNC(bpf_etran_drain, 0, KF_T)
KFUNC(bpf_etran_requeue, KF_RELEASE, KF_T)
KFUNC(bpf_etran_requeue_tail, KF_RELEASE, KF_T)
KFUNC(bpf_etran_requeue_until, KF_RELEASE | KF_IMPLICIT_ARGS, KF_T)
KFUNC(bpf_etran_send, KF_RELEASE, KF_T)
KFUNC(bpf_etran_drop, KF_RELEASE, KF_T)
KFUNC(bpf_etran_held_data, KF_RET_NULL, KF_T)
KFUNC(bpf_etran_held_csum, 0, KF_T)
KFUNC(bpf_etran_held_csum_fill, 0, KF_T)
KFUNC(bpf_etran_held_tx_timestamp, 0, KF_T)
KFUNC(bpf_etran_gen_data, KF_RET_NULL, KF_G)
KFUNC(bpf_etran_dump_text, 0, KF_D)
KFUNC_ANY(bpf_etran_gen_request, KF_IMPLICIT_ARGS, KF_E | KF_T)
KFUNC_ANY(bpf_etran_timer_arm, KF_IMPLICIT_ARGS, KF_E | KF_G | KF_T)
KFUNC_ANY(bpf_etran_timer_cancel, KF_IMPLICIT_ARGS, KF_E | KF_G | KF_T)
KFUNC_ANY(bpf_etran_exit, KF_IMPLICIT_ARGS, KF_E | KF_G | KF_T)
KFUNC_ANY(bpf_etran_csum, 0, KF_E | KF_G | KF_T | KF_D | KF_L)
KFUNC_XDP(bpf_etran_rx_ready, KF_SPINLOCK_SAFE, 0)
KFUNC_XDP(bpf_etran_rx_csum, KF_SPINLOCK_SAFE, 0)
KFUNC_XDP(bpf_etran_rx_timestamp, 0, 0)
#undef KFUNC
#undef KFUNC_ANY
#undef KFUNC_XDP

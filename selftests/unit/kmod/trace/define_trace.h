/* SPDX-License-Identifier: GPL-2.0-only */
/* For kmod/trace.h in a native build: there are no events, see tx-shim.h. */

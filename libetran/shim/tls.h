/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Thread-local storage without a call: the shim is there when the program starts. */
#ifndef LIBETRAN_SHIM_TLS_H
#define LIBETRAN_SHIM_TLS_H

#define SHIM_TLS	__thread __attribute__((tls_model("initial-exec")))

#endif /* LIBETRAN_SHIM_TLS_H */

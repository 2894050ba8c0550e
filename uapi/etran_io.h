/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * What libetran, etrand and transports agree on, whatever the protocol. The
 * records of a transport stand in a header of its own, as uapi/tcp.h.
 */
#ifndef _UAPI_ETRAN_IO_H
#define _UAPI_ETRAN_IO_H

#define ETRAN_CHUNK_SIZE	2048	/* a frame's room; what a NIC wants, see welcome.chunk_size */
#define ETRAN_CHUNK_MAX		4096
#define ETRAN_MAX_QUEUES	8
#define ETRAN_MAX_TENANTS	64	/* tenant ids are 1..ETRAN_MAX_TENANTS-1 */
#define ETRAN_MAX_CONNS		4096	/* connections of a host */
#define ETRAN_TENANT_CONNS	1024	/* slots of one tenant */

#endif /* _UAPI_ETRAN_IO_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a transport ends: the funnel, the dump, the records.
 */
#ifndef _ETRAN_EXIT_H
#define _ETRAN_EXIT_H

#include "etran.h"
#include "ops.h"

struct etran_transport;

#define ETRAN_DUMP_LEN		8192

/**
 * struct etran_dump_buf - a dump in the making
 * @ctx: what BPF sees; must be first
 * @text: ETRAN_DUMP_LEN bytes
 * @len: how many are used
 * @truncated: it was not enough
 */
struct etran_dump_buf {
	struct etran_dump ctx;
	char *text;
	u32 len;
	bool truncated;
};

/**
 * struct etran_exit_record - a transport that is gone
 * @name: its name
 * @id: its id
 * @net_cookie: its network namespace
 * @time: when, CLOCK_REALTIME
 * @info: why
 * @dump: text; NULL when there is none
 * @dump_len: its length
 */
struct etran_exit_record {
	char name[ETRAN_NAME_LEN];
	u32 id;
	u64 net_cookie;
	u64 time;
	struct etran_exit_info info;
	char *dump;
	u32 dump_len;
};

const char *etran_exit_name(u32 kind);
void etran_exit_claim(struct etran_transport *tr, u32 kind, const char *fmt, ...)
	__printf(3, 4);
void etran_exit(struct etran_transport *tr, u32 kind, s32 code, const char *fmt, ...)
	__printf(4, 5);
void etran_exit_bad(struct etran_transport *tr, const char *what);
void etran_exit_go(struct etran_transport *tr);
int etran_exit_init(struct etran_transport *tr);
void etran_exit_free(struct etran_transport *tr);
int etran_exit_dump_text(struct etran_dump_buf *dump, const char *text, u32 len);
void etran_exit_dump(struct etran_transport *tr);
void etran_exit_record(struct etran_transport *tr);
u32 etran_exit_nr(void);
const struct etran_exit_record *etran_exit_get(u32 i);
int etran_exit_start(void);
void etran_exit_stop(void);

#endif /* _ETRAN_EXIT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a program in the VM speaks to insn_count.c: by executing a long NOP whose
 * displacement is a magic number.  On any other machine it does nothing.
 */
#ifndef SELFTESTS_BENCH_MARK_H
#define SELFTESTS_BENCH_MARK_H

/* nopl disp32(%rax,%rax,1); the displacement is "ETR" and one of these */
#define MARK_NOP	"\x0f\x1f\x84\x00" "ETR"
#define MARK_START	'1'	/* forget what was counted */
#define MARK_STOP	'2'	/* write what was counted */

#define mark_emit(which) \
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 'E', 'T', 'R', %c0" \
		     :: "i" (which) : "memory")

static inline void mark_start(void)
{
	mark_emit(MARK_START);
}

static inline void mark_stop(void)
{
	mark_emit(MARK_STOP);
}

#endif

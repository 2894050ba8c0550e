// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU that counts the instructions of each translated block, from
 * one mark to the next (mark.h), and costs the guest nothing: no sampling, no
 * interrupt, and what runs with interrupts off is counted like the rest.
 *
 *	qemu-system-x86_64 -plugin insn_count,out=FILE ...
 *
 * FILE gets one section for each stop mark: "section N", then lines of
 * "k VADDR COUNT" for the kernel and "u PADDR COUNT" for user space.  QEMU
 * shares the code of a physical page between all addresses where it is mapped,
 * so the virtual address of user code would be that of whoever ran it first.
 * mark.c tells which file's page is at a physical address.
 *
 * link: -shared -fPIC -fvisibility=hidden
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "qemu_plugin.h"

#define COUNTERS	(1u << 19)
#define NOP_LEN		8
#define KERNEL		(1ull << 63)
#define KERNEL_TEXT	0xffffffff80000000ull	/* maps physical address 0 */
#define KERNEL_TEXT_END	0xffffffffa0000000ull	/* modules */

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct qemu_plugin_scoreboard *score;
static uint64_t keys[COUNTERS];		/* 0: free; the last one: the rest */
static unsigned int used;
static unsigned int section;
static uintptr_t ram;			/* where the guest's memory starts here */
static FILE *out;

/* Translation is serialized by QEMU for one thread of virtual CPUs. */
static unsigned int counter(uint64_t key)
{
	unsigned int i = (key * 0x9e3779b97f4a7c15ull) >> (64 - 19);

	for (;; i = (i + 1) % COUNTERS) {
		if (keys[i] == key)
			return i;
		if (!keys[i])
			break;
	}
	if (used > COUNTERS / 4 * 3)
		return COUNTERS - 1;
	used++;
	keys[i] = key;
	return i;
}

static void start(unsigned int cpu, void *data)
{
	int i;

	(void)cpu, (void)data;
	for (i = 0; i < qemu_plugin_num_vcpus(); i++)
		memset(qemu_plugin_scoreboard_find(score, i), 0,
		       COUNTERS * sizeof(uint64_t));
}

static void stop(unsigned int cpu, void *data)
{
	unsigned int i;
	int c;

	(void)cpu, (void)data;
	fprintf(out, "section %u\n", ++section);
	for (i = 0; i < COUNTERS; i++) {
		uint64_t n = 0;

		for (c = 0; c < qemu_plugin_num_vcpus(); c++)
			n += ((uint64_t *)qemu_plugin_scoreboard_find(score, c))[i];
		if (n)
			fprintf(out, "%c %" PRIx64 " %" PRIu64 "\n",
				keys[i] & KERNEL ? 'k' : 'u',
				keys[i] & KERNEL ? keys[i] : keys[i] - ram, n);
	}
	fprintf(out, "end\n");
	fflush(out);
}

static void look_for_mark(struct qemu_plugin_insn *insn)
{
	char code[NOP_LEN];

	if (qemu_plugin_insn_size(insn) != NOP_LEN ||
	    qemu_plugin_insn_data(insn, code, NOP_LEN) != NOP_LEN ||
	    memcmp(code, MARK_NOP, NOP_LEN - 1))
		return;
	if (code[NOP_LEN - 1] == MARK_START)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, start,
						       QEMU_PLUGIN_CB_NO_REGS, NULL);
	else if (code[NOP_LEN - 1] == MARK_STOP)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, stop,
						       QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	uint64_t key = qemu_plugin_tb_vaddr(tb);
	void *haddr = qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(tb, 0));
	struct qemu_plugin_u64 entry = { .score = score };
	size_t i;

	(void)id;
	if (key >= KERNEL_TEXT && key < KERNEL_TEXT_END && haddr) {
		ram = (uintptr_t)haddr - (key - KERNEL_TEXT);
	} else if (!(key & KERNEL)) {
		key = (uintptr_t)haddr;
		for (i = 0; i < n; i++)
			look_for_mark(qemu_plugin_tb_get_insn(tb, i));
	}
	entry.offset = counter(key ?: 1) * sizeof(uint64_t);
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							  entry, n);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const struct qemu_info *info,
					   int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "insn_count: the only argument is out=FILE\n");
		return -1;
	}
	out = fopen(argv[0] + 4, "w");
	if (!out) {
		perror(argv[0] + 4);
		return -1;
	}
	keys[COUNTERS - 1] = 2;
	score = qemu_plugin_scoreboard_new(COUNTERS * sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}

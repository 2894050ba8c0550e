// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a VM with insn_count.c:
 *
 *	mark start | stop	delimits what is counted
 *	mark where FILE...	prints where the pages of FILE are in physical
 *				memory: lines of "page PHYS OFFSET FILE"
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mark.h"

#define PAGE		UINT64_C(4096)
#define PRESENT		(UINT64_C(1) << 63)
#define PFN_MASK	((UINT64_C(1) << 55) - 1)

/* The physical address of a page that was touched, 0 if there is none. */
static uint64_t phys(int pagemap, const volatile char *page)
{
	uint64_t entry;

	(void)*page;
	if (pread(pagemap, &entry, 8, (uintptr_t)page / PAGE * 8) != 8)
		err(1, "pagemap");
	return entry & PRESENT ? (entry & PFN_MASK) * PAGE : 0;
}

static void where(int pagemap, const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	uint64_t at, p;
	char *map;

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	map = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "%s", path);
	for (at = 0; at < (uint64_t)st.st_size; at += PAGE) {
		p = phys(pagemap, map + at);
		if (p)
			printf("page %" PRIx64 " %" PRIx64 " %s\n", p, at, path);
	}
	munmap(map, st.st_size);
	close(fd);
}

/* All processes share the pages that the kernel gives them for its clocks. */
static void where_vdso(int pagemap)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
	uint64_t at;

	for (at = 0; base && at < 2 * PAGE; at += PAGE)
		printf("page %" PRIx64 " %" PRIx64 " [vdso]\n",
		       phys(pagemap, base + at), at);
}

int main(int argc, char **argv)
{
	int pagemap, i;

	if (argc == 2 && !strcmp(argv[1], "start")) {
		mark_start();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "stop")) {
		mark_stop();
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "where"))
		errx(64, "usage: mark start | stop | where FILE...");
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0)
		err(1, "pagemap");
	where_vdso(pagemap);
	for (i = 2; i < argc; i++)
		where(pagemap, argv[i]);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzzers share: a check that ends the program, and bytes to choose by. */
#ifndef _FUZZ_MUST_H
#define _FUZZ_MUST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: not so: %s\n",		\
				__FILE__, __LINE__, #cond);		\
			abort();					\
		}							\
	} while (0)

static const uint8_t *at, *end;

/* The next byte of the input; 0 behind its end. */
static inline uint32_t byte(void)
{
	return at < end ? *at++ : 0;
}

#endif /* _FUZZ_MUST_H */

// SPDX-License-Identifier: GPL-2.0-only
/* Test cases and their verdicts in KTAP; see ktap.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ktap.h"

#define SHOWN	12	/* of what is wrong with one case */

static const char *case_name;
static unsigned int case_failures;
static bool case_skipped;
static char skip_reason[160];

const char *ktap_case_name(void)
{
	return case_name;
}

static void vnote(const char *fmt, va_list ap)
{
	printf("# ");
	vprintf(fmt, ap);
	printf("\n");
}

void ktap_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vnote(fmt, ap);
	va_end(ap);
}

void ktap_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(skip_reason, sizeof(skip_reason), fmt, ap);
	va_end(ap);
	case_skipped = true;
}

void ktap_bail(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(1);
}

bool ktap_check(bool ok, const char *func, int line, const char *fmt, ...)
{
	va_list ap;

	if (ok)
		return true;
	if (++case_failures > SHOWN)
		return false;
	printf("# %s:%d: ", func, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	return false;
}

static bool wanted(const struct ktap_case *c, const char *filter)
{
	return !filter || strstr(c->name, filter);
}

static bool run_case(const struct ktap_case *c, unsigned int nr)
{
	uint64_t start = clock_ns();

	case_name = c->name;
	case_failures = 0;
	case_skipped = false;
	c->run();
	printf("# %s took %llu ms\n", c->name,
	       (unsigned long long)(clock_ns() - start) / 1000000);
	if (case_failures > SHOWN)
		ktap_note("%u more", case_failures - SHOWN);
	if (case_failures)
		printf("not ok %u %s\n", nr, c->name);
	else if (case_skipped)
		printf("ok %u %s # SKIP %s\n", nr, c->name, skip_reason);
	else
		printf("ok %u %s\n", nr, c->name);
	return !case_failures;
}

int ktap_run(const struct ktap_suite *suite, const char *filter)
{
	unsigned int i, all, nr = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	all = suite->nr + (suite->find ? suite->find() : 0);
	for (i = 0; i < all; i++)
		nr += wanted(&suite->cases[i], filter);
	printf("KTAP version 1\n1..%u\n", nr);
	nr = 0;
	for (i = 0; i < all; i++)
		if (wanted(&suite->cases[i], filter))
			failed += !run_case(&suite->cases[i], ++nr);
	return failed;
}

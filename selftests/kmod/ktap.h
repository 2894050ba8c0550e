/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test cases and their verdicts in KTAP. A case is a function; it fails when
 * one of its checks does, goes on after that, and says each time what differs.
 */
#ifndef _KERNEL_KTAP_H
#define _KERNEL_KTAP_H

#include <stdbool.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct ktap_case {
	const char *name;
	void (*run)(void);
};

struct ktap_suite {
	const char *name;
	const struct ktap_case *cases;
	unsigned int nr;
	unsigned int (*find)(void);	/* adds cases behind the first @nr; how many */
};

#define KTAP_SUITE(suite_name, suite_cases) {		\
	.name = (suite_name),				\
	.cases = (suite_cases),				\
	.nr = ARRAY_SIZE(suite_cases),			\
}

/**
 * ktap_run - run the cases of a suite whose name contains @filter
 * @suite: suite
 * @filter: part of a name, or NULL for all
 * Return: number of failed cases.
 */
int ktap_run(const struct ktap_suite *suite, const char *filter);

/** ktap_case_name - of the running case */
const char *ktap_case_name(void);

/** ktap_skip - the running case cannot be tested here; says why */
void ktap_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** ktap_note - a diagnostic line */
void ktap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** ktap_bail - the whole suite cannot go on */
void ktap_bail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

bool ktap_check(bool ok, const char *func, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Both return whether it holds; the words say what was expected. */
#define CHECK(cond, ...)						\
	ktap_check(!!(cond), __func__, __LINE__, __VA_ARGS__)

#define CHECK_EQ(got, want, what)					\
({									\
	long long __got = (long long)(got), __want = (long long)(want); \
									\
	ktap_check(__got == __want, __func__, __LINE__,			\
		   "%s: %lld, wanted %lld", what, __got, __want);	\
})

#endif /* _KERNEL_KTAP_H */

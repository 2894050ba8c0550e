// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The C library's own functions, see real.h.
 *
 * Signal dispositions are the exception to "a bare system call at first": the
 * kernel's struct sigaction is not the C library's, so sigaction() and signal()
 * are looked up when they are called too early.
 */
#include <dlfcn.h>
#include <stdbool.h>

#include "real.h"

#define EARLY(type, name, params, nr, ...) \
static type early_##name params \
{ \
	return (type)syscall(nr, ##__VA_ARGS__); \
}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
SHIM_REAL(EARLY)
#pragma GCC diagnostic pop

#define INIT(type, name, ...) .name = early_##name,
struct shim_real real = { SHIM_REAL(INIT) };

/* With old libraries a name may be missing: the system call stays. */
static void find(void *slot, const char *name)
{
	void *sym = dlsym(RTLD_NEXT, name);

	if (sym)
		*(void **)slot = sym;
}

void shim_real_init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
#define FIND(type, name, ...) find(&real.name, #name);
	SHIM_REAL(FIND)
	find(&real.signal, "signal");
	find(&real.siginterrupt, "siginterrupt");
}

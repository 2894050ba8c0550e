// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the kernel side: core-hooks.patch and etran.ko, by a raw AF_XDP
 * client and a small BPF transport. Runs inside of the VM, as root, outside
 * of any host, without etrand; loads and unloads the module itself.
 *
 *   kernel [-cqs] [-k etran.ko] [-n CYCLES] -o OBJDIR SUITE [PART-OF-A-CASE'S-NAME]
 *
 * -c: copy mode, although the NIC can do zero copy; -s: zero copy in strict mode,
 * where the NIC has it; -q: each case on another queue of the NIC; without -k the
 * module is not there, which few cases can do with; -n: how often life/cycles
 * detaches and attaches at each of two hosts
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "ktap.h"
#include "suites.h"

static const struct ktap_suite * const suites[] = {
	&suite_egress, &suite_hold, &suite_gen, &suite_timer, &suite_life,
	&suite_hostile, &suite_rx, &suite_reject, &suite_port, &suite_safety,
	&suite_cost, &suite_wheel, &suite_ceiling, &suite_pace,
	&suite_netdev, &suite_strict, &suite_meta, &suite_fair, &suite_credit,
	&suite_slow, &suite_pause, &suite_hotplug,
};

static int far_ring;	/* receive descriptors it had before */

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level != LIBBPF_WARN || !getenv("KERNEL_TEST_VERBOSE"))
		return 0;
	return vfprintf(stderr, fmt, ap);
}

static const struct ktap_suite *find_suite(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(suites); i++)
		if (name && !strcmp(suites[i]->name, name))
			return suites[i];
	return NULL;
}

/* In copy mode packets keep their order only on one CPU. */
static void stay_on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/*
 * igb needs three seconds for a link, and QEMU's loses of a burst what exceeds the
 * receive descriptors.
 */
static void set_up_igb(void)
{
	int ret;

	if (strcmp(bench_h1.driver, "igb"))
		return;
	far_ring = host_rx_ring(&bench_h2, 4096);
	if (far_ring < 0)
		ktap_bail("receive ring: %s", strerror(-far_ring));
	ret = ingress_keep_place(&bench_h1);
	if (!ret)
		ret = ingress_keep_place(&bench_h2);
	if (ret)
		ktap_bail("XDP program: %s", strerror(-ret));
	if (!WAIT_FOR(host_running(&bench_h1) && host_running(&bench_h2)))
		ktap_bail("no link");
}

static void tear_down_igb(void)
{
	ingress_leave_place(&bench_h1);
	ingress_leave_place(&bench_h2);
	if (far_ring)
		host_rx_ring(&bench_h2, far_ring);
}

static void set_up(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int ret;

	setrlimit(RLIMIT_MEMLOCK, &all);
	ret = host_open(&bench_h1, "h1");
	if (!ret)
		ret = host_open(&bench_h2, "h2");
	if (ret)
		ktap_bail("hosts: %s", strerror(-ret));
	set_up_igb();
	if (bench_ko && !module_loaded()) {
		ret = module_load(bench_ko);
		if (ret)
			ktap_bail("load %s: %s", bench_ko, strerror(-ret));
	}
	if (!bench_zerocopy())
		stay_on_one_cpu();
	ktap_note("NIC driver %s, %s", bench_h1.driver,
		  !bench_zerocopy() ? "copy mode" :
		  bench_strict ? "strict zero copy" : "zero copy");
}

/* What is left behind is a leak, and the module cannot go then. */
static int tear_down(void)
{
	if (!module_loaded() || WAIT_FOR(!module_unload()))
		return 0;
	ktap_note("the module is still in use at the end of the suite");
	return 1;
}

int main(int argc, char **argv)
{
	const struct ktap_suite *suite;
	int opt, failed;

	while ((opt = getopt(argc, argv, "cqsk:n:o:")) != -1) {
		switch (opt) {
		case 'c':
			bench_copy = true;
			break;
		case 'q':
			bench_spread = true;
			break;
		case 's':
			bench_strict = true;
			break;
		case 'k':
			bench_ko = optarg;
			break;
		case 'n':
			bench_cycles = strtoul(optarg, NULL, 10);
			break;
		case 'o':
			transport_dir = optarg;
			break;
		default:
			return 64;
		}
	}
	suite = find_suite(argv[optind]);
	if (!suite) {
		fprintf(stderr, "usage: kernel [-cqs] [-k KO] [-n CYCLES] -o OBJDIR SUITE [CASE]\n");
		return 64;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(quiet);
	set_up();
	failed = ktap_run(suite, argv[optind + 1]);
	tear_down_igb();
	failed += tear_down();
	return failed ? 1 : 0;
}

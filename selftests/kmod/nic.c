// SPDX-License-Identifier: GPL-2.0-only
/* A NIC that can be taken away; see nic.h. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "clock.h"
#include "ktap.h"
#include "nic.h"

#define PCI	"/sys/bus/pci"

static struct host own_h1, own_h2;
static bool is_pair, present;

static bool pair_make(void)
{
	bench_h1 = own_h1;
	bench_h2 = own_h2;
	return CHECK_EQ(host_run(&own_h1,
				 "ip link add kt0 numtxqueues 4 numrxqueues 4 "
				 "type veth peer name kt1 "
				 "numtxqueues 4 numrxqueues 4 netns %d && "
				 "ethtool -L kt0 tx 1 rx 1 && "
				 "ip link set kt0 up", own_h2.pid), 0, "make a pair") &&
	       CHECK_EQ(host_run(&own_h2, "ethtool -L kt1 tx 1 rx 1 && "
				 "ip link set kt1 up"), 0, "its far end") &&
	       CHECK_EQ(host_query(&bench_h1, "kt0"), 0, "near end") &&
	       CHECK_EQ(host_query(&bench_h2, "kt1"), 0, "far end");
}

bool nic_wait(void)
{
	return CHECK(WAIT_FOR(host_running(&bench_h1) && host_running(&bench_h2)),
		     "no link");
}

bool nic_open(void)
{
	own_h1 = bench_h1;
	own_h2 = bench_h2;
	is_pair = !strcmp(own_h1.driver, "veth");
	present = !is_pair || pair_make();
	return present && nic_wait();
}

void nic_lost(void)
{
	present = false;
}

/* Without a shell: what a case has under way may not last that long. */
static int unbind(const char *bus)
{
	char path[128];

	snprintf(path, sizeof(path), PCI "/devices/%s/driver/unbind", bus);
	return file_put(path, bus);
}

int nic_remove(void)
{
	present = false;
	if (is_pair)
		return host_run(&bench_h1, "ip link del kt0");
	return unbind(bench_h1.bus);
}

/*
 * It comes back in the namespace the kernel started with, under any name, and
 * gets what selftests/vm/init gave it.
 */
static bool bus_restore(void)
{
	struct host *h = &bench_h1;
	const uint8_t *m = h->mac;

	return CHECK_EQ(host_run(NULL, "echo %s > %s/drivers_probe", h->bus, PCI), 0,
			"probe") &&
	       CHECK_EQ(host_run(NULL,
				 "ip link set dev \"$(ip -br link | awk '$3 == "
				 "\"%02x:%02x:%02x:%02x:%02x:%02x\" { print $1 }')\" "
				 "netns %d name %s", m[0], m[1], m[2], m[3], m[4], m[5],
				 h->pid, h->ifname), 0, "give it to its host") &&
	       CHECK_EQ(host_run(h, "ip addr add 10.0.0.1/24 dev %s && "
				 "ip addr add fd00::1/64 dev %s nodad && "
				 "ip link set %s up", h->ifname, h->ifname,
				 h->ifname), 0, "set it up") &&
	       CHECK_EQ(host_query(h, h->ifname), 0, "find it");
}

bool nic_restore(void)
{
	if (!present)
		present = is_pair ? pair_make() : bus_restore();
	return present && nic_wait();
}

void nic_close(void)
{
	if (!is_pair) {
		nic_restore();
		return;
	}
	if (present)
		CHECK_EQ(nic_remove(), 0, "drop the pair");
	bench_h1 = own_h1;
	bench_h2 = own_h2;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ingress on a NIC, by libxdp: behind the dispatcher, beside other programs.
 *
 * Used by etrand and by etranctl.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <xdp/libxdp.h>

#include "log.h"
#include "xdp.h"

static struct xdp_multiprog *dispatcher(int ifindex)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);

	return libxdp_get_error(mp) ? NULL : mp;
}

/**
 * xdp_is_attached - does a program run on a NIC behind the dispatcher?
 * @generic: set to whether the dispatcher runs in generic XDP
 */
bool xdp_is_attached(int ifindex, uint32_t prog_id, bool *generic)
{
	struct xdp_multiprog *mp = dispatcher(ifindex);
	struct xdp_program *p = NULL;
	bool found = false;

	if (!mp)
		return false;
	if (!xdp_multiprog__is_legacy(mp))
		while ((p = xdp_multiprog__next_prog(p, mp)) && !found)
			found = xdp_program__id(p) == prog_id;
	*generic = xdp_multiprog__attach_mode(mp) == XDP_MODE_SKB;
	xdp_multiprog__close(mp);
	return found;
}

/**
 * xdp_attach - run a program on a NIC
 * Loads the program's object if that was not done yet. Native mode where the
 * driver has it, else generic. What is attached otherwise than behind the
 * dispatcher (by an old libxdp, on a kernel without freplace) would exclude
 * everybody else from the NIC, and is taken away again.
 * Return: 0 or a negative errno, with a message
 */
int xdp_attach(struct xdp_program *prog, int ifindex, const char *ifname,
	       bool *generic)
{
	enum xdp_attach_mode mode = XDP_MODE_NATIVE;
	const char *why;
	int err;

	err = xdp_program__attach(prog, ifindex, mode, 0);
	why = log_last_lib_line();
	if (err && xdp_program__fd(prog) >= 0) {
		log_debug("%s: native XDP: %s (%s)", ifname, strerror(-err), why);
		mode = XDP_MODE_SKB;
		err = xdp_program__attach(prog, ifindex, mode, 0);
		if (!err)
			log_info("%s: the driver has no native XDP, using generic",
				 ifname);
		why = log_last_lib_line();
	}
	if (err) {
		log_err("%s: cannot attach ingress: %s%s%s", ifname,
			strerror(-err), *why ? ": " : "", why);
		return err;
	}
	if (xdp_is_attached(ifindex, xdp_program__id(prog), generic))
		return 0;
	xdp_program__detach(prog, ifindex, mode, 0);
	log_err("%s: libxdp did not use its dispatcher; another XDP program in the way?",
		ifname);
	return -EBUSY;
}

/**
 * xdp_detach_named - take programs of this name off a NIC
 * Return: how many were there, or a negative errno
 */
int xdp_detach_named(int ifindex, const char *prog_name)
{
	struct xdp_program *p = NULL, *own = NULL;
	enum xdp_attach_mode mode;
	struct xdp_multiprog *mp;
	int n = 0, err;

	/* Each detach replaces the dispatcher, so look anew every time. */
	while ((mp = dispatcher(ifindex))) {
		mode = xdp_multiprog__attach_mode(mp);
		own = NULL;
		p = NULL;
		if (!xdp_multiprog__is_legacy(mp))
			while ((p = xdp_multiprog__next_prog(p, mp)))
				if (!strcmp(xdp_program__name(p), prog_name))
					own = p;
		err = own ? xdp_program__detach(own, ifindex, mode, 0) : 0;
		xdp_multiprog__close(mp);
		if (err)
			return err;
		if (!own)
			break;
		n++;
	}
	return n;
}

/**
 * xdp_for_each - call a function for programs behind a NIC's dispatcher
 * @suffix: of their names
 * @fn: gets @ctx, the NIC, id and name of the program
 */
void xdp_for_each(int ifindex, const char *suffix,
		  void (*fn)(void *ctx, int ifindex, uint32_t id, const char *name),
		  void *ctx)
{
	struct xdp_multiprog *mp = dispatcher(ifindex);
	struct xdp_program *p = NULL;
	const char *name;

	if (!mp)
		return;
	while (!xdp_multiprog__is_legacy(mp) && (p = xdp_multiprog__next_prog(p, mp))) {
		name = xdp_program__name(p);
		if (strlen(name) >= strlen(suffix) &&
		    !strcmp(name + strlen(name) - strlen(suffix), suffix))
			fn(ctx, ifindex, xdp_program__id(p), name);
	}
	xdp_multiprog__close(mp);
}

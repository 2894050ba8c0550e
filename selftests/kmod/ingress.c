// SPDX-License-Identifier: GPL-2.0-only
/* The XDP program of a NIC; see ingress.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>

#include "ingress.h"
#include "transport.h"

static struct bpf_program *pass_of(const struct host *h)
{
	return bpf_object__find_program_by_name(h->xdp_pass, "pass");
}

int ingress_keep_place(struct host *h)
{
	char path[512];
	int ret;

	snprintf(path, sizeof(path), "%s/pass.bpf.o", transport_dir);
	h->xdp_pass = bpf_object__open_file(path, NULL);
	if (!h->xdp_pass)
		return -errno;
	ret = bpf_object__load(h->xdp_pass);
	if (!ret) {
		host_enter(h);
		h->xdp_place = bpf_program__attach_xdp(pass_of(h), h->ifindex);
		ret = h->xdp_place ? 0 : -errno;
		host_enter_origin();
	}
	if (ret)
		ingress_leave_place(h);
	return ret;
}

void ingress_leave_place(struct host *h)
{
	bpf_link__destroy(h->xdp_place);
	h->xdp_place = NULL;
	bpf_object__close(h->xdp_pass);
	h->xdp_pass = NULL;
}

int ingress_attach(struct ingress *in, struct bpf_program *prog, const struct host *h)
{
	int ret;

	if (!h->xdp_place) {
		in->link = bpf_program__attach_xdp(prog, h->ifindex);
		return in->link ? 0 : -errno;
	}
	ret = bpf_link__update_program(h->xdp_place, prog);
	if (!ret)
		in->place_of = h;
	return ret;
}

void ingress_detach(struct ingress *in)
{
	const struct host *h = in->place_of;

	bpf_link__destroy(in->link);
	in->link = NULL;
	if (h && h->xdp_place)
		bpf_link__update_program(h->xdp_place, pass_of(h));
	in->place_of = NULL;
}

// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Streams as the shape of what the core carries.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conn.h"
#include "libetran/shape.h"
#include "msg.h"
#include "rx.h"
#include "tx.h"

static int stream_attach(const struct etran_ctl_welcome *w, int pub_fd)
{
	et_tx_init();
	et_st.nr_slots = w->nr_slots;
	et_st.pub_len = (size_t)w->nr_slots * sizeof(*et_st.pub);
	et_st.pub = et_map_fd("conn_pub", pub_fd, et_st.pub_len, PROT_READ);
	et_st.slots = calloc(w->nr_slots, sizeof(*et_st.slots));
	return et_st.pub && et_st.slots ? 0 : -ENOMEM;
}

static void stream_detach(void)
{
	if (et_st.pub)
		munmap(et_st.pub, et_st.pub_len);
	free(et_st.slots);
	et_st.pub = NULL;
	et_st.slots = NULL;
}

/* Listeners hold their ports by descriptors. */
static void stream_forked(void)
{
	struct etran_sock *s;

	for (s = et_st.socks; s; s = s->next)
		if (s->fd >= 0)
			close(s->fd);
}

const struct et_shape et_shape = {
	.attach = stream_attach,
	.detach = stream_detach,
	.forked = stream_forked,
	.receive = et_rx_drain,
	.flush = et_tx_flush_all,
	.refresh = et_refresh_all,
	.tell = et_tell,
	.again = et_tx_pend,
	.message = et_msg_handle,
	.lost = et_msg_lost,
	.resume = et_msg_resume,
	.linger = et_serve_orphans,
};

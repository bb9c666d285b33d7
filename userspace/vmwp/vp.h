/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual processor and its thread. */
#ifndef VMWP_VP_H
#define VMWP_VP_H

#include <pthread.h>
#include <stdbool.h>

#include "libvid.h"

struct machine;

/**
 * struct vp - one virtual processor
 * @machine: it belongs to
 * @index:   also its APIC ID
 * @thread:  runs it
 * @threaded: @thread exists
 * @fd:      its descriptor; -1 between two starts
 * @page:    shared with the kernel
 */
struct vp {
	struct machine *machine;
	unsigned int index;
	pthread_t thread;
	bool threaded;
	int fd;
	struct vid_vp_page *page;
};

/* vp.c */
int vp_start_thread(struct vp *vp);
void vp_run(struct vp *vp);

/* intercept.c: act on the message in the VP's page. */
void vp_intercept(struct vp *vp);

/* emulation.c */
void vp_emulate(struct vp *vp, const struct hv_x64_intercept_message_header *header,
		const uint8_t *bytes, unsigned int count);
void vp_inject_exception(struct vp *vp, uint8_t vector, bool has_error, uint32_t error_code);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvid: one function for each call of the VID ABI (vid.h).
 *
 * Every function returns 0 or a descriptor, or a negative errno value; errno
 * itself means nothing afterwards.  Nothing is kept between calls, so any thread
 * may call anything; what the kernel refuses at the same time is said in vid.h.
 * Descriptors are close-on-exec.
 */
#ifndef LIBVID_H
#define LIBVID_H

#include <stddef.h>
#include <stdint.h>

#include <vid.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VID_DEVICE_PATH "/dev/vid"

/* The device. */
int vid_open(const char *path);
int vid_get_api(int device, struct vid_api *api);
int vid_create_partition(int device, uint32_t vp_count);

/* A partition. */
int vid_create_vp(int partition, uint32_t vp_index, struct vid_vp_page **page);
int vid_map_gpa(int partition, uint64_t gpa, uint64_t size, void *address, uint32_t flags);
int vid_unmap_gpa(int partition, uint64_t gpa, uint64_t size);
int vid_release_gpa(int partition, uint64_t gpa, uint64_t size);
int vid_dirty_log(int partition, enum vid_dirty_op op, uint64_t gpa, uint64_t size,
		  uint64_t *bitmap);
int vid_set_doorbell(int partition, const struct vid_doorbell *doorbell);
int vid_request_interrupt(int partition, const struct vid_interrupt *interrupt);
int vid_install_intercept(int partition, enum vid_intercept_type type, uint32_t parameter);
int vid_create_port(int partition, uint32_t connection_id, enum vid_port_type type,
		    uint32_t limit);
int vid_post_message(int partition, uint32_t vp_index, uint32_t sint,
		     const struct hv_message *message);
int vid_signal_event(int partition, uint32_t vp_index, uint32_t sint, uint32_t flag);
int vid_get_property(int partition, enum vid_property_code code, uint64_t *value);
int vid_set_property(int partition, enum vid_property_code code, uint64_t value);

/* A virtual processor. */
void vid_close_vp(int vp, struct vid_vp_page *page);
int vid_run_vp(int vp);
int vid_cancel_run(int vp);
int vid_get_registers(int vp, struct vid_register *registers, uint32_t count);
int vid_set_registers(int vp, const struct vid_register *registers, uint32_t count);
int vid_get_vp_state(int vp, enum vid_vp_state type, void *buffer, uint32_t *size);
int vid_set_vp_state(int vp, enum vid_vp_state type, const void *buffer, uint32_t size);
int vid_translate_gva(int vp, struct vid_translate_gva *translation);
int vid_read_apic(int vp, uint32_t offset, uint32_t *value);
int vid_write_apic(int vp, uint32_t offset, uint32_t value);

#ifdef __cplusplus
}
#endif

#endif

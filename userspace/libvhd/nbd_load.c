// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loads libnbd when the first NBD server is named: who has none need not install it, and its
 * TLS and XML libraries are in no process that does without.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#include "nbd.h"
#include "vhd_bytes.h"

#define SONAME	"libnbd.so.0"
#define WISH	"[{\"feature\":\"nbd\",\"description\":\"Disks of NBD servers\"," \
		"\"priority\":\"recommended\",\"soname\":[\"" SONAME "\"]}]"

/* An ELF note that tells packagers' tools what is loaded (UAPI group, "dlopen metadata"). */
static const struct {
	uint32_t name_size;
	uint32_t size;
	uint32_t type;
	char name[4];
	char text[sizeof(WISH)];
} wish __attribute__((used, aligned(4), section(".note.dlopen"))) = {
	4, sizeof(WISH), 0x407c0c0a, "FDO", WISH,
};

static struct vhd_nbd_calls calls;
static char missing[160];

static const struct {
	const char *name;
	void *to;
} symbols[] = {
	{ "nbd_create", &calls.create },
	{ "nbd_close", &calls.close },
	{ "nbd_get_error", &calls.get_error },
	{ "nbd_get_errno", &calls.get_errno },
	{ "nbd_add_meta_context", &calls.add_meta_context },
	{ "nbd_aio_connect_uri", &calls.aio_connect_uri },
	{ "nbd_aio_is_connecting", &calls.aio_is_connecting },
	{ "nbd_aio_is_ready", &calls.aio_is_ready },
	{ "nbd_aio_is_dead", &calls.aio_is_dead },
	{ "nbd_aio_is_closed", &calls.aio_is_closed },
	{ "nbd_poll", &calls.poll },
	{ "nbd_get_size", &calls.get_size },
	{ "nbd_get_block_size", &calls.get_block_size },
	{ "nbd_is_read_only", &calls.is_read_only },
	{ "nbd_can_flush", &calls.can_flush },
	{ "nbd_can_fua", &calls.can_fua },
	{ "nbd_can_zero", &calls.can_zero },
	{ "nbd_can_meta_context", &calls.can_meta_context },
	{ "nbd_aio_pread", &calls.aio_pread },
	{ "nbd_aio_pwrite", &calls.aio_pwrite },
	{ "nbd_aio_zero", &calls.aio_zero },
	{ "nbd_aio_flush", &calls.aio_flush },
	{ "nbd_aio_block_status", &calls.aio_block_status },
	{ "nbd_aio_command_completed", &calls.aio_command_completed },
};

_Static_assert(ARRAY_SIZE(symbols) == sizeof(calls) / sizeof(void *), "each call is loaded");

static void load(void)
{
	void *library = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		snprintf(missing, sizeof(missing), "%s", dlerror());
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *symbol = dlsym(library, symbols[i].name);

		if (!symbol) {
			snprintf(missing, sizeof(missing), SONAME " has no %s", symbols[i].name);
			return;
		}
		memcpy(symbols[i].to, &symbol, sizeof(symbol));
	}
}

const struct vhd_nbd_calls *vhd_nbd_calls(struct vhd_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	if (!*missing)
		return &calls;
	vhd_fail(error, -EOPNOTSUPP, "NBD servers need libnbd: install libnbd0: %s", missing);
	return NULL;
}

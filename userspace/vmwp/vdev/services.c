// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The services and synthetic devices of a machine, as one table.  Pure.
 *
 * Device lock held.
 */
#include "services.h"

static void heartbeat_open(struct services *services)
{
	heartbeat_opened(&services->heartbeat);
}

static void heartbeat_close(struct services *services)
{
	heartbeat_closed(&services->heartbeat);
}

static void heartbeat_take(struct services *services, const void *packet, size_t size)
{
	ic_packet(&services->heartbeat.ic, packet, size);
}

static void shutdown_open(struct services *services)
{
	ic_opened(&services->shutdown.ic);
}

static void shutdown_close(struct services *services)
{
	ic_closed(&services->shutdown.ic);
}

static void shutdown_take(struct services *services, const void *packet, size_t size)
{
	ic_packet(&services->shutdown.ic, packet, size);
}

static void timesync_open(struct services *services)
{
	timesync_opened(&services->timesync);
}

static void timesync_close(struct services *services)
{
	timesync_closed(&services->timesync);
}

static void timesync_take(struct services *services, const void *packet, size_t size)
{
	ic_packet(&services->timesync.ic, packet, size);
}

static void kvp_open(struct services *services)
{
	ic_opened(&services->kvp.ic);
}

static void kvp_close(struct services *services)
{
	ic_closed(&services->kvp.ic);
}

static void kvp_take(struct services *services, const void *packet, size_t size)
{
	ic_packet(&services->kvp.ic, packet, size);
}

static void vss_open(struct services *services)
{
	ic_opened(&services->vss.ic);
}

static void vss_close(struct services *services)
{
	ic_closed(&services->vss.ic);
}

static void vss_take(struct services *services, const void *packet, size_t size)
{
	ic_packet(&services->vss.ic, packet, size);
}

static void fcopy_open(struct services *services)
{
	ic_opened(&services->fcopy.ic);
}

static void fcopy_close(struct services *services)
{
	ic_closed(&services->fcopy.ic);
}

static void fcopy_take(struct services *services, const void *packet, size_t size)
{
	ic_packet(&services->fcopy.ic, packet, size);
}

/* The drivers of these speak first. */
static void wait_for_driver(struct services *services)
{
}

static void keyboard_close(struct services *services)
{
	keyboard_closed(&services->keyboard);
}

static void keyboard_take(struct services *services, const void *packet, size_t size)
{
	keyboard_packet(&services->keyboard, packet, size);
}

static void mouse_close(struct services *services)
{
	mouse_closed(&services->mouse);
}

static void mouse_take(struct services *services, const void *packet, size_t size)
{
	mouse_packet(&services->mouse, packet, size);
}

static void balloon_open(struct services *services)
{
	balloon_opened(&services->balloon);
}

static void balloon_close(struct services *services)
{
	balloon_closed(&services->balloon);
}

static void balloon_take(struct services *services, const void *packet, size_t size)
{
	balloon_packet(&services->balloon, packet, size);
}

static void balloon_go_on(struct services *services)
{
	balloon_writable(&services->balloon);
}

const struct service_class service_classes[SERVICE_COUNT] = {
	[SERVICE_HEARTBEAT] = {
		"heartbeat", "57164f39-9115-4e78-ab55-382f3bd5422d",
		"fd149e91-82e0-4a7d-afa6-2a4166cbd7c0", true, true,
		heartbeat_open, heartbeat_close, heartbeat_take, NULL,
	},
	[SERVICE_SHUTDOWN] = {
		"shutdown", "0e0b6031-5213-4934-818b-38d90ced39db",
		"b6650ff7-33bc-4840-8048-e0676786f393", true, true,
		shutdown_open, shutdown_close, shutdown_take, NULL,
	},
	[SERVICE_TIMESYNC] = {
		"timesync", "9527e630-d0ae-497b-adce-e80ab0175caf",
		"2dd1ce17-079e-403c-b352-a1921ee207ee", true, true,
		timesync_open, timesync_close, timesync_take, NULL,
	},
	[SERVICE_KVP] = {
		"kvp", "a9a0f4e7-5a45-4d96-b827-8a841e8c03e6",
		"242ff919-07db-4180-9c2e-b86cb68c8c55", true, true,
		kvp_open, kvp_close, kvp_take, NULL,
	},
	[SERVICE_VSS] = {
		"vss", "35fa2e29-ea23-4236-96ae-3a6ebacba440",
		"2450ee40-33bf-4fbd-892e-9fb06e9214cf", true, true,
		vss_open, vss_close, vss_take, NULL,
	},
	[SERVICE_FCOPY] = {
		"fcopy", "34d14be3-dee4-41c8-9ae7-6b174977c192",
		"eb765408-105f-49b6-b4aa-c123b64d17d4", true, false,
		fcopy_open, fcopy_close, fcopy_take, NULL,
	},
	[SERVICE_KEYBOARD] = {
		"keyboard", "f912ad6d-2b17-48ea-bd65-f927a61c7684",
		"d34b2567-b9b6-42b9-8778-0a4ec0b955bf", false, true,
		wait_for_driver, keyboard_close, keyboard_take, NULL,
	},
	[SERVICE_MOUSE] = {
		"mouse", "cfa8b69e-5b4a-4cc0-b98b-8ba1a1f3f95a",
		"58f75a6d-d949-4320-99e1-a2a2576d581c", true, true,
		wait_for_driver, mouse_close, mouse_take, NULL,
	},
	[SERVICE_BALLOON] = {
		"balloon", "525074dc-8985-46e2-8057-a307dc18a502",
		"1eccfd72-4b41-45ef-b73a-4a6e44c12924", false, true,
		balloon_open, balloon_close, balloon_take, balloon_go_on,
	},
};

/**
 * services_init() - make all of them, closed
 * @services: filled in
 * @config: what they are given
 *
 * Return: 0 or -ENOMEM.
 */
int services_init(struct services *services, const struct services_config *config)
{
	const struct vdev_host *host = config->host;
	const struct vdev_port *ports = config->ports;

	heartbeat_init(&services->heartbeat, host, &ports[SERVICE_HEARTBEAT], config->heartbeat,
		       config->ctx);
	shutdown_init(&services->shutdown, host, &ports[SERVICE_SHUTDOWN]);
	timesync_init(&services->timesync, host, &ports[SERVICE_TIMESYNC]);
	kvp_init(&services->kvp, host, &ports[SERVICE_KVP]);
	vss_init(&services->vss, host, &ports[SERVICE_VSS]);
	fcopy_init(&services->fcopy, host, &ports[SERVICE_FCOPY]);
	keyboard_init(&services->keyboard, &ports[SERVICE_KEYBOARD]);
	mouse_init(&services->mouse, &ports[SERVICE_MOUSE]);
	return balloon_init(&services->balloon, &ports[SERVICE_BALLOON], config->memory,
			    config->ctx, &config->ram);
}

/**
 * services_fini() - end all of them; who waits for something is told
 * @services: from services_init()
 */
void services_fini(struct services *services)
{
	unsigned int i;

	for (i = 0; i < SERVICE_COUNT; i++)
		service_classes[i].closed(services);
	heartbeat_fini(&services->heartbeat);
	balloon_fini(&services->balloon);
}

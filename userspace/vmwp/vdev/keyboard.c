// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The synthetic keyboard: the driver asks for a version, and then gets keys as scan codes of
 * set 1.
 */
#include <errno.h>
#include <string.h>

#include "synth.h"

#define SHIFT		0x2a

/**
 * keyboard_init() - make a keyboard
 * @keyboard: filled in
 * @port: where it sends
 */
void keyboard_init(struct keyboard *keyboard, const struct vdev_port *port)
{
	*keyboard = (struct keyboard){ .port = *port };
}

/**
 * keyboard_closed() - the driver has gone
 * @keyboard: may be closed already
 */
void keyboard_closed(struct keyboard *keyboard)
{
	keyboard->accepted = false;
	keyboard->leds = 0;
}

static void take_request(struct keyboard *keyboard, uint32_t version)
{
	struct keyboard_response response = { .type = KEYBOARD_RESPONSE };

	if (version == KEYBOARD_VERSION)
		response.status = KEYBOARD_ACCEPTED;
	keyboard->accepted = !keyboard->port.send(keyboard->port.ctx, &response,
						  sizeof(response)) && response.status;
}

/**
 * keyboard_packet() - the guest sent a packet
 * @keyboard: open
 * @packet: a copy that it cannot change any more
 * @size: of @packet
 */
void keyboard_packet(struct keyboard *keyboard, const void *packet, size_t size)
{
	struct keyboard_request request;
	struct keyboard_leds leds;

	memset(&request, 0, sizeof(request));
	memcpy(&request, packet, size < sizeof(request) ? size : sizeof(request));
	if (request.type == KEYBOARD_REQUEST && size >= sizeof(request)) {
		take_request(keyboard, request.version);
	} else if (request.type == KEYBOARD_LEDS && size >= sizeof(leds)) {
		memcpy(&leds, packet, sizeof(leds));
		keyboard->leds = leds.leds;
	} else {
		keyboard->bad++;
	}
}

/**
 * keyboard_send() - a key goes down or up
 * @keyboard: any
 * @key: which
 * @up: whether it goes up
 *
 * Return: 0, -ENOTCONN when no driver listens, -EAGAIN when it leaves no room.
 */
int keyboard_send(struct keyboard *keyboard, const struct keyboard_key *key, bool up)
{
	const struct keyboard_event event = {
		.type = KEYBOARD_EVENT,
		.code = key->code,
		.info = key->prefix | (up ? KEYBOARD_BREAK : 0),
	};

	if (!keyboard->accepted)
		return -ENOTCONN;
	return keyboard->port.send(keyboard->port.ctx, &event, sizeof(event));
}

/* Scan codes 2 to 0x35 of the keys of a US layout: plain, and with Shift. */
static const char plain[] = "1234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./";
static const char shifted[] = "!@#$%^&*()_+\0\0QWERTYUIOP{}\0\0ASDFGHJKL:\"~\0|ZXCVBNM<>?";

static uint16_t find_code(const char *table, size_t size, char character)
{
	const char *at = character ? memchr(table, character, size) : NULL;

	return at ? (uint16_t)(at - table + 2) : 0;
}

static uint16_t code_of(char character, bool *shift)
{
	uint16_t code = find_code(plain, sizeof(plain) - 1, character);

	*shift = false;
	if (character == ' ')
		return 0x39;
	if (code)
		return code;
	*shift = true;
	return find_code(shifted, sizeof(shifted) - 1, character);
}

static int stroke(struct keyboard *keyboard, uint16_t code)
{
	const struct keyboard_key key = { code, 0 };
	int err = keyboard_send(keyboard, &key, false);

	return err ? err : keyboard_send(keyboard, &key, true);
}

/* Shift must not stay down, whatever happens. */
static int type_character(struct keyboard *keyboard, char character)
{
	const struct keyboard_key shift_key = { SHIFT, 0 };
	bool shift;
	uint16_t code = code_of(character, &shift);
	int err = 0, up;

	if (shift)
		err = keyboard_send(keyboard, &shift_key, false);
	if (!err)
		err = stroke(keyboard, code);
	if (!shift)
		return err;
	up = keyboard_send(keyboard, &shift_key, true);
	return err ? err : up;
}

/**
 * keyboard_type() - type a text, as on a keyboard with US layout
 * @keyboard: any
 * @text: up to KEYBOARD_TEXT_MAX characters that this layout has; newline is Enter
 *
 * Return: 0, -EINVAL when it has other characters: then nothing is typed; or as
 * keyboard_send(), with a part of it typed.
 */
int keyboard_type(struct keyboard *keyboard, const char *text)
{
	const char *at;
	bool shift;
	int err = 0;

	for (at = text; *at; at++)
		if (!code_of(*at, &shift))
			return -EINVAL;
	for (at = text; !err && *at; at++)
		err = type_character(keyboard, *at);
	return err;
}

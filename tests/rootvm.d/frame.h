/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the root partition's init and the host's relay say to each other.
 *
 * One byte stream (a virtio serial port) carries frames both ways: a header, then
 * @len bytes. One stream, and not one for each of the command's, because only then
 * does the end of the command come after all that the command wrote.
 */
#ifndef ROOTVM_FRAME_H
#define ROOTVM_FRAME_H

#include <stdint.h>

#define FRAME_MAX	32768	/* longest payload, either way */

enum frame_type {
	/* root partition to host */
	FRAME_HELLO	= 'H',	/* up, and waiting for FRAME_CONFIG; empty */
	FRAME_OUT	= 'O',	/* the command's stdout */
	FRAME_ERR	= 'E',	/* the command's stderr */
	FRAME_FATAL	= 'F',	/* text: why the root partition is not to be trusted */
	FRAME_STATUS	= 'X',	/* uint32_t, the command's exit status; the last frame */
	/* host to root partition */
	FRAME_CONFIG	= 'C',	/* "key=value" strings, a NUL after each */
	FRAME_IN	= 'I',	/* what was typed */
	FRAME_EOF	= 'D',	/* nothing more will be typed; empty */
	FRAME_WINSIZE	= 'W',	/* uint16_t rows, columns; may come before FRAME_CONFIG */
	FRAME_ACK	= 'A',	/* FRAME_STATUS has arrived: power off; empty */
};

/* Both ends are the same machine's: no byte order. */
struct frame {
	uint32_t type;		/* enum frame_type */
	uint32_t len;
};

_Static_assert(sizeof(struct frame) == 8, "frame header");

#endif /* ROOTVM_FRAME_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests' image within the harness. */
	.section .rodata
	.globl guest_image, guest_image_end
guest_image:
	.incbin "guest.bin"
guest_image_end:
	.section .note.GNU-stack, "", @progbits

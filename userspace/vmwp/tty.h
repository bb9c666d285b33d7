/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal that a serial port is connected to. */
#ifndef VMWP_TTY_H
#define VMWP_TTY_H

void tty_raw(int fd);
void tty_restore(void);

#endif
